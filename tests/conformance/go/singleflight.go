package main

import (
	"fmt"

	"golang.org/x/sync/singleflight"
)

func init() {
	add("singleflight, one call after the other", func(p *play) {
		var g singleflight.Group
		for i := range 2 {
			v, _, shared := g.Do("key", func() (any, error) { return i, nil })
			p.say(v, " ", shared)
		}
	})
	add("singleflight, calls with one key share", func(p *play) {
		var g singleflight.Group
		release := make(chan int)
		do := func(key string, f func() int) *task {
			return p.start(func() string {
				v, _, shared := g.Do(key, func() (any, error) { return f(), nil })
				return fmt.Sprint(v, " ", shared)
			})
		}
		first := do("key", func() int { return <-release })
		second := do("key", func() int { return 2 })
		p.see(first, second, do("other", func() int { return 3 }))
		release <- 1
		p.see(first, second)
		p.see(do("key", func() int { return 4 }))
	})
	add("singleflight, by channels", func(p *play) {
		var g singleflight.Group
		release := make(chan int)
		one := g.DoChan("key", func() (any, error) { return <-release, nil })
		two := g.DoChan("key", func() (any, error) { return 2, nil })
		release <- 1
		for _, c := range []<-chan singleflight.Result{one, two} {
			r := <-c
			p.say(r.Val, " ", r.Shared)
		}
	})
}
