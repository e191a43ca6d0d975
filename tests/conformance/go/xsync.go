package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

func result(err error) string {
	if err == nil {
		return "ok"
	}
	return fmt.Sprint("fails: ", err)
}

func init() {
	background := context.Background()
	add("semaphore, try", func(p *play) {
		s := semaphore.NewWeighted(3)
		p.say(s.TryAcquire(2), " ", s.TryAcquire(2), " ", s.TryAcquire(1), " ", s.TryAcquire(0), " ", s.TryAcquire(1))
		s.Release(1)
		p.say(s.TryAcquire(1))
	})
	add("semaphore, the first in line holds up the others", func(p *play) {
		s := semaphore.NewWeighted(3)
		s.TryAcquire(2)
		large := p.start(func() string { return result(s.Acquire(background, 3)) })
		small := p.start(func() string { return result(s.Acquire(background, 1)) })
		p.say(s.TryAcquire(1))
		p.see(large, small)
		s.Release(2)
		p.see(large, small)
		s.Release(3)
		p.see(large, small)
	})
	add("semaphore, one in line gives up", func(p *play) {
		s := semaphore.NewWeighted(3)
		s.TryAcquire(2)
		ctx, cancel := context.WithCancel(background)
		large := p.start(func() string { return result(s.Acquire(ctx, 3)) })
		small := p.start(func() string { return result(s.Acquire(background, 1)) })
		p.see(large, small)
		cancel()
		p.see(large, small)
	})
	add("semaphore, with a context that is done", func(p *play) {
		s := semaphore.NewWeighted(3)
		ctx, cancel := context.WithCancel(background)
		cancel()
		p.do(func() string { return result(s.Acquire(ctx, 1)) })
		p.say(s.TryAcquire(3))
	})
	add("semaphore, more than there is", func(p *play) {
		s := semaphore.NewWeighted(3)
		ctx, cancel := context.WithTimeout(background, time.Millisecond)
		defer cancel()
		p.do(func() string { return result(s.Acquire(ctx, 4)) })
		forever := p.start(func() string { return result(s.Acquire(background, 4)) })
		p.see(forever, p.start(func() string { return result(s.Acquire(background, 3)) }))
		p.say(s.TryAcquire(4))
	})
	add("semaphore, more released than held", func(p *play) {
		s := semaphore.NewWeighted(3)
		s.TryAcquire(1)
		p.do(func() string { s.Release(2); return "released" })
	})

	add("errgroup, all is well", func(p *play) {
		var g errgroup.Group
		c := make(chan int, 3)
		for i := range 3 {
			g.Go(func() error { c <- i; return nil })
		}
		p.say(result(g.Wait()), " ", len(c))
	})
	add("errgroup, nothing to wait for", func(p *play) { p.say(result(new(errgroup.Group).Wait())) })
	add("errgroup, the first error counts", func(p *play) {
		var g errgroup.Group
		c := make(chan int)
		g.Go(func() error { <-c; return errors.New("second") })
		g.Go(func() error { return errors.New("first") })
		time.Sleep(pause)
		c <- 1
		p.say(result(g.Wait()))
		p.say(result(g.Wait()))
	})
	add("errgroup, an error cancels", func(p *play) {
		g, ctx := errgroup.WithContext(background)
		g.Go(func() error { return errors.New("broken") })
		g.Go(func() error { <-ctx.Done(); return ctx.Err() })
		p.say(result(g.Wait()))
		p.say(over(ctx))
	})
	add("errgroup, the wait cancels", func(p *play) {
		g, ctx := errgroup.WithContext(background)
		g.Go(func() error { return nil })
		p.say(result(g.Wait()))
		p.say(over(ctx))
	})
	add("errgroup, limit", func(p *play) {
		var g errgroup.Group
		g.SetLimit(1)
		c := make(chan int)
		wait := func() error { <-c; return nil }
		p.say(g.TryGo(wait), " ", g.TryGo(wait))
		t := p.start(func() string { g.Go(wait); return "started" })
		p.see(t)
		c <- 1
		p.see(t)
		c <- 1
		p.say(result(g.Wait()))
		p.say(g.TryGo(func() error { return nil }))
		g.Wait()
	})
	add("errgroup, limit of nothing", func(p *play) {
		var g errgroup.Group
		g.SetLimit(0)
		p.say(g.TryGo(func() error { return nil }))
		p.see(p.start(func() string { g.Go(func() error { return nil }); return "started" }))
	})
	add("errgroup, limit changed while a task runs", func(p *play) {
		var g errgroup.Group
		g.SetLimit(2)
		c := make(chan int)
		g.Go(func() error { <-c; return nil })
		p.do(func() string { g.SetLimit(3); return "set" })
		c <- 1
		p.say(result(g.Wait()))
	})
}
