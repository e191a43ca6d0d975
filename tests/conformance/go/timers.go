package main

import (
	"math"
	"time"
)

// due gives a timer the time that it needs.
func due() { time.Sleep(3 * time.Millisecond) }

func fired(c <-chan time.Time) string {
	select {
	case _, ok := <-c:
		if !ok {
			return "end"
		}
		return "fired"
	default:
		return "default"
	}
}

func init() {
	const hour, soon = time.Hour, time.Millisecond
	add("timer, len and cap", func(p *play) {
		t := time.NewTimer(0)
		due()
		p.say("len ", len(t.C))
		p.say("cap ", cap(t.C))
	})
	add("timer, fires once", func(p *play) {
		t := time.NewTimer(0)
		<-t.C
		due()
		p.say(fired(t.C))
	})
	add("timer, negative duration", func(p *play) { <-time.NewTimer(-hour).C; p.say("fired") })
	add("timer, stopped in time", func(p *play) {
		t := time.NewTimer(hour)
		p.say(t.Stop())
		p.say(t.Stop())
		p.say(fired(t.C))
	})
	add("timer, stopped when due", func(p *play) {
		t := time.NewTimer(0)
		due()
		p.say(t.Stop())
		p.say(fired(t.C))
		p.say(t.Stop())
	})
	add("timer, stopped after its value", func(p *play) {
		t := time.NewTimer(0)
		due()
		p.say(fired(t.C))
		p.say(t.Stop())
	})
	add("timer, reset in time", func(p *play) {
		t := time.NewTimer(hour)
		p.say(t.Reset(0))
		due()
		p.say(fired(t.C))
		p.say(fired(t.C))
	})
	add("timer, reset when due", func(p *play) {
		t := time.NewTimer(0)
		due()
		p.say(t.Reset(hour))
		p.say(fired(t.C))
		p.say(t.Stop())
	})
	add("timer, reset after its value", func(p *play) {
		t := time.NewTimer(0)
		<-t.C
		p.say(t.Reset(0))
		due()
		p.say(fired(t.C))
	})
	add("timer, reset after stop", func(p *play) {
		t := time.NewTimer(hour)
		t.Stop()
		p.say(t.Reset(0))
		due()
		p.say(fired(t.C))
	})
	add("timer, a receiver waits and it is stopped", func(p *play) {
		t := time.NewTimer(hour)
		w := p.start(func() string { <-t.C; return "fired" })
		p.say(t.Stop())
		p.see(w)
	})
	add("timer, a receiver waits and it is reset", func(p *play) {
		t := time.NewTimer(hour)
		w := p.start(func() string { <-t.C; return "fired" })
		p.say(t.Reset(soon))
		p.see(w)
	})
	add("timer, two receivers wait", func(p *play) {
		t := time.NewTimer(soon)
		results := make(chan int, 2)
		for range 2 {
			go func() { <-t.C; results <- 1 }()
		}
		<-results
		due()
		p.say(len(results))
	})
	add("timer, beyond what the clock can tell", func(p *play) {
		t := time.NewTimer(math.MaxInt64)
		due()
		p.say(fired(t.C))
		p.say(t.Stop())
	})
	add("after", func(p *play) { <-time.After(soon); p.say("fired") })
	add("after, two in order", func(p *play) {
		slow, fast := time.After(5*soon), time.After(soon)
		order := ""
		for range 2 {
			select {
			case <-slow:
				order += "slow "
			case <-fast:
				order += "fast "
			}
		}
		p.say(order)
	})
	add("ticker, drops ticks that nobody takes", func(p *play) {
		t := time.NewTicker(200 * time.Millisecond)
		time.Sleep(500 * time.Millisecond)
		p.say(fired(t.C))
		p.say(fired(t.C))
		t.Stop()
	})
	add("ticker, goes on", func(p *play) {
		t := time.NewTicker(soon)
		for range 3 {
			<-t.C
		}
		p.say("three")
	})
	add("ticker, stopped", func(p *play) {
		t := time.NewTicker(soon)
		due()
		t.Stop()
		p.say(fired(t.C))
		due()
		p.say(fired(t.C))
		p.see(p.start(func() string { <-t.C; return "fired" }))
	})
	add("ticker, reset after stop", func(p *play) {
		t := time.NewTicker(hour)
		t.Stop()
		t.Reset(soon)
		<-t.C
		<-t.C
		p.say("two")
	})
	add("ticker, reset to a longer period", func(p *play) {
		t := time.NewTicker(soon)
		due()
		t.Reset(hour)
		p.say(fired(t.C))
	})
	add("ticker, no period", func(p *play) {
		p.do(func() string { time.NewTicker(0); return "made" })
		p.do(func() string { time.NewTicker(hour).Reset(0); return "reset" })
	})
	add("tick, no period", func(p *play) { p.say(fired(time.Tick(0))) })
	add("function, called once", func(p *play) {
		c := make(chan int, 9)
		t := time.AfterFunc(0, func() { c <- 1 })
		p.do(received(c))
		p.say(t.Stop())
		due()
		p.say(len(c))
	})
	add("function, stopped in time", func(p *play) {
		c := make(chan int, 9)
		t := time.AfterFunc(hour, func() { c <- 1 })
		p.say(t.Stop())
		p.say(t.Stop())
		p.say(len(c))
	})
	add("function, set again", func(p *play) {
		c := make(chan int, 9)
		t := time.AfterFunc(hour, func() { c <- 1 })
		p.say(t.Reset(0))
		p.do(received(c))
		p.say(t.Reset(0))
		p.do(received(c))
		p.say(t.Reset(hour))
		p.say(t.Reset(hour))
		p.say(t.Stop())
	})
	add("function, waits for nobody", func(p *play) {
		c, d := make(chan int), make(chan int)
		time.AfterFunc(0, func() { <-c; d <- 1 })
		time.AfterFunc(soon, func() { c <- 1 })
		p.do(received(d))
	})
}
