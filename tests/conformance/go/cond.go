package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// waitOn waits once, and says which number it was woken as.
func waitOn(p *play, c *sync.Cond, woken *atomic.Int32) *task {
	return p.start(func() string {
		c.L.Lock()
		c.Wait()
		n := woken.Add(1)
		c.L.Unlock()
		return fmt.Sprint("woken ", n)
	})
}

func init() {
	add("cond, nobody waits", func(p *play) {
		c := sync.NewCond(new(sync.Mutex))
		c.Signal()
		c.Broadcast()
		// Nothing of it is left for later.
		p.see(waitOn(p, c, new(atomic.Int32)))
	})
	add("cond, a signal wakes one", func(p *play) {
		c, woken := sync.NewCond(new(sync.Mutex)), new(atomic.Int32)
		one, two := waitOn(p, c, woken), waitOn(p, c, woken)
		c.Signal()
		p.see(one, two)
		c.Signal()
		p.see(one, two)
	})
	add("cond, signals wake in the order of the waits", func(p *play) {
		c, woken := sync.NewCond(new(sync.Mutex)), new(atomic.Int32)
		tasks := []*task{waitOn(p, c, woken), waitOn(p, c, woken), waitOn(p, c, woken)}
		for range tasks {
			c.Signal()
			p.see(tasks...)
		}
	})
	add("cond, a broadcast wakes all", func(p *play) {
		c := sync.NewCond(new(sync.Mutex))
		wait := func(int) string { c.L.Lock(); c.Wait(); c.L.Unlock(); return "woken" }
		tasks := p.startAll(3, wait)
		c.Broadcast()
		p.see(tasks...)
		p.see(p.start(func() string { return wait(0) }))
	})
	add("cond, a wait releases the lock", func(p *play) {
		var m sync.Mutex
		c := sync.NewCond(&m)
		t := waitOn(p, c, new(atomic.Int32))
		p.say(m.TryLock())
		c.Signal()
		// Woken, and waits for the lock.
		p.see(t)
		m.Unlock()
		p.see(t)
		p.say(m.TryLock())
	})
	add("cond, signalled with the lock held", func(p *play) {
		c := sync.NewCond(new(sync.Mutex))
		t := waitOn(p, c, new(atomic.Int32))
		c.L.Lock()
		c.Signal()
		p.see(t)
		c.L.Unlock()
		p.see(t)
	})
	add("cond, a loop over a condition", func(p *play) {
		c, n := sync.NewCond(new(sync.Mutex)), 0
		t := p.start(func() string {
			c.L.Lock()
			for n < 2 {
				c.Wait()
			}
			c.L.Unlock()
			return fmt.Sprint("saw ", n)
		})
		for range 2 {
			c.L.Lock()
			n++
			c.L.Unlock()
			c.Signal()
			p.see(t)
		}
	})
	add("cond, of an rwmutex", func(p *play) {
		var m sync.RWMutex
		c := sync.NewCond(&m)
		t := waitOn(p, c, new(atomic.Int32))
		p.say(m.TryRLock(), " ", m.TryLock())
		c.Broadcast()
		p.see(t)
		m.RUnlock()
		p.see(t)
		p.say(m.TryLock())
	})
	addDeath("cond, waits without the lock", func() { sync.NewCond(new(sync.Mutex)).Wait() })
}
