package main

import (
	"fmt"
	"sync"
)

func init() {
	add("mutex, try", func(p *play) {
		var m sync.Mutex
		p.say(m.TryLock())
		p.say(m.TryLock())
		m.Unlock()
		p.say(m.TryLock())
	})
	add("mutex, locked twice by one", func(p *play) {
		p.see(p.start(func() string { var m sync.Mutex; m.Lock(); m.Lock(); return "locked" }))
	})
	add("mutex, unlocked by another one", func(p *play) {
		var m sync.Mutex
		m.Lock()
		p.see(p.start(func() string { m.Unlock(); return "unlocked" }))
		p.say(m.TryLock())
	})
	add("mutex, waits for the holder", func(p *play) {
		var m sync.Mutex
		m.Lock()
		t := p.start(func() string { m.Lock(); return "locked" })
		p.see(t)
		m.Unlock()
		p.see(t)
		p.say(m.TryLock())
	})
	add("mutex, three wait in turn", func(p *play) {
		var m sync.Mutex
		var order []int
		m.Lock()
		tasks := p.startAll(3, func(i int) string {
			m.Lock()
			order = append(order, i)
			m.Unlock()
			return "unlocked"
		})
		m.Unlock()
		p.see(tasks...)
		p.say(order)
	})
	add("mutex, a section that panics", func(p *play) {
		var m sync.Mutex
		p.do(func() string {
			m.Lock()
			defer m.Unlock()
			panic("in the section")
		})
		p.say(m.TryLock())
	})
	addDeath("mutex, unlocked when not locked", func() { new(sync.Mutex).Unlock() })
	addDeath("mutex, unlocked twice", func() {
		var m sync.Mutex
		m.Lock()
		m.Unlock()
		m.Unlock()
	})

	add("once, called twice", func(p *play) {
		var once sync.Once
		n := 0
		once.Do(func() { n++ })
		once.Do(func() { n += 10 })
		p.say(n)
	})
	add("once, a panic counts", func(p *play) {
		var once sync.Once
		n := 0
		for range 3 {
			p.do(func() string { once.Do(func() { n++; panic("boom") }); return "done" })
		}
		p.say(n)
	})
	add("once, others wait", func(p *play) {
		var once sync.Once
		c := make(chan int)
		first := p.start(func() string { once.Do(func() { <-c }); return "done" })
		second := p.start(func() string { once.Do(func() { c <- 1 }); return "done" })
		p.see(first, second)
		c <- 1
		p.see(first, second)
	})
	add("once, others wait for a panic", func(p *play) {
		var once sync.Once
		c := make(chan int)
		first := p.start(func() string { once.Do(func() { <-c; panic("boom") }); return "done" })
		second := p.start(func() string { once.Do(func() {}); return "done" })
		c <- 1
		p.see(first, second)
	})
	add("once, inside another one", func(p *play) {
		var a, b sync.Once
		n := 0
		a.Do(func() { b.Do(func() { n++ }); n++ })
		p.say(n)
	})
	add("once, inside itself", func(p *play) {
		p.see(p.start(func() string { var once sync.Once; once.Do(func() { once.Do(func() {}) }); return "done" }))
	})
	add("once func", func(p *play) {
		n := 0
		f := sync.OnceFunc(func() { n++ })
		f()
		f()
		p.say(n)
	})
	add("once func, a panic every time", func(p *play) {
		n := 0
		f := sync.OnceFunc(func() { n++; panic("boom") })
		for range 3 {
			p.do(func() string { f(); return "done" })
		}
		p.say(n)
	})
	add("once value", func(p *play) {
		n := 0
		f := sync.OnceValue(func() int { n++; return n })
		p.say(f(), f())
	})
	add("once value, a panic every time", func(p *play) {
		n := 0
		f := sync.OnceValue(func() int { n++; panic(fmt.Sprint("boom ", n)) })
		for range 3 {
			p.do(func() string { return fmt.Sprint(f()) })
		}
	})
	add("once value, a panic that is no text", func(p *play) {
		f := sync.OnceValue(func() int { panic(42) })
		for range 2 {
			p.do(func() string { return fmt.Sprint(f()) })
		}
	})
	add("once values", func(p *play) {
		n := 0
		f := sync.OnceValues(func() (int, string) { n++; return n, "text" })
		a, b := f()
		p.say(a, b)
		a, b = f()
		p.say(a, b)
	})

	add("group, nothing to wait for", func(p *play) {
		var g sync.WaitGroup
		p.see(p.start(func() string { g.Wait(); return "over" }))
	})
	add("group, two are done", func(p *play) {
		var g sync.WaitGroup
		g.Add(2)
		t := p.start(func() string { g.Wait(); return "over" })
		g.Done()
		p.see(t)
		g.Done()
		p.see(t)
	})
	add("group, three wait", func(p *play) {
		var g sync.WaitGroup
		g.Add(1)
		tasks := p.startAll(3, func(int) string { g.Wait(); return "over" })
		p.see(tasks...)
		g.Done()
		p.see(tasks...)
	})
	add("group, used again", func(p *play) {
		var g sync.WaitGroup
		for range 2 {
			g.Add(3)
			g.Add(-2)
			t := p.start(func() string { g.Wait(); return "over" })
			p.see(t)
			g.Done()
			p.see(t)
		}
	})
	add("group, one done too many", func(p *play) {
		var g sync.WaitGroup
		p.do(func() string { g.Done(); return "done" })
	})
	add("group, too much taken off", func(p *play) {
		var g sync.WaitGroup
		g.Add(1)
		p.do(func() string { g.Add(-2); return "done" })
	})
	add("group, after one done too many", func(p *play) {
		var g sync.WaitGroup
		p.do(func() string { g.Done(); return "done" })
		g.Add(1)
		p.see(p.start(func() string { g.Wait(); return "over" }))
	})
	add("group, add zero", func(p *play) {
		var g sync.WaitGroup
		g.Add(0)
		p.see(p.start(func() string { g.Wait(); return "over" }))
	})
	add("group, go", func(p *play) {
		var g sync.WaitGroup
		c := make(chan int, 3)
		for i := range 3 {
			g.Go(func() { c <- i })
		}
		g.Wait()
		p.say(len(c))
	})
	add("group, go from within", func(p *play) {
		var g sync.WaitGroup
		c := make(chan int, 3)
		g.Go(func() { g.Go(func() { c <- 1 }); c <- 2 })
		g.Wait()
		p.say(len(c))
	})
	addDeath("group, a function that panics", func() {
		var g sync.WaitGroup
		g.Go(func() { panic("boom") })
		g.Wait()
	})
}
