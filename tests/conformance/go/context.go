package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func over(ctx context.Context) string {
	select {
	case <-ctx.Done():
		return fmt.Sprint("done ", ctx.Err(), " ", context.Cause(ctx))
	default:
		return fmt.Sprint("going on ", ctx.Err() == nil, " ", context.Cause(ctx) == nil)
	}
}

type key struct{}

func init() {
	background := context.Background()
	disk := errors.New("disk full")
	add("context, background", func(p *play) {
		_, limited := background.Deadline()
		p.say(over(background), " ", background.Done() == nil, " ", limited)
		p.say(over(context.TODO()))
	})
	add("context, cancelled", func(p *play) {
		ctx, cancel := context.WithCancel(background)
		p.say(over(ctx))
		cancel()
		p.say(over(ctx))
		cancel()
		p.say(over(ctx))
	})
	add("context, cancelled above and below", func(p *play) {
		top, cancel := context.WithCancel(background)
		middle, cancelMiddle := context.WithCancel(top)
		bottom, cancelBottom := context.WithCancel(middle)
		other, cancelOther := context.WithCancel(top)
		cancelMiddle()
		p.say(over(top))
		p.say(over(middle))
		p.say(over(bottom))
		p.say(over(other))
		cancel()
		p.say(over(other))
		cancelBottom()
		cancelOther()
	})
	add("context, born cancelled", func(p *play) {
		top, cancel := context.WithCancelCause(background)
		cancel(disk)
		ctx, cancelIt := context.WithCancel(top)
		p.say(over(ctx))
		cancelIt()
	})
	add("context, the first cause counts", func(p *play) {
		ctx, cancel := context.WithCancelCause(background)
		cancel(disk)
		cancel(errors.New("another"))
		p.say(over(ctx))
	})
	add("context, a cause from above", func(p *play) {
		top, cancel := context.WithCancelCause(background)
		ctx, cancelIt := context.WithCancelCause(top)
		cancel(disk)
		cancelIt(errors.New("too late"))
		p.say(over(ctx))
	})
	add("context, a cause below stays below", func(p *play) {
		top, cancel := context.WithCancelCause(background)
		ctx, cancelIt := context.WithCancelCause(top)
		cancelIt(disk)
		p.say(over(ctx))
		p.say(over(top))
		cancel(nil)
		p.say(over(top))
	})
	add("context, deadline", func(p *play) {
		ctx, cancel := context.WithTimeout(background, time.Millisecond)
		defer cancel()
		<-ctx.Done()
		p.say(over(ctx))
		cancel()
		p.say(over(ctx))
	})
	add("context, deadline that has passed", func(p *play) {
		ctx, cancel := context.WithDeadline(background, time.Now().Add(-time.Hour))
		defer cancel()
		p.say(over(ctx))
	})
	add("context, deadline with a cause", func(p *play) {
		ctx, cancel := context.WithTimeoutCause(background, 0, disk)
		defer cancel()
		p.say(over(ctx))
		ctx, cancel = context.WithTimeoutCause(background, time.Hour, disk)
		cancel()
		p.say(over(ctx))
	})
	add("context, the earlier deadline counts", func(p *play) {
		top, cancel := context.WithTimeout(background, time.Hour)
		ctx, cancelIt := context.WithTimeout(top, 2*time.Hour)
		a, _ := top.Deadline()
		b, _ := ctx.Deadline()
		p.say(a.Equal(b))
		cancel()
		p.say(over(ctx))
		cancelIt()
	})
	add("context, without cancel", func(p *play) {
		top, cancel := context.WithTimeout(context.WithValue(background, key{}, 7), time.Hour)
		ctx := context.WithoutCancel(top)
		cancel()
		_, limited := ctx.Deadline()
		p.say(over(ctx), " ", limited, " ", ctx.Value(key{}))
	})
	add("context, values", func(p *play) {
		ctx := context.WithValue(background, key{}, 1)
		inner := context.WithValue(ctx, key{}, 2)
		p.say(background.Value(key{}) == nil, " ", ctx.Value(key{}), " ", inner.Value(key{}))
	})
	add("context, function after it", func(p *play) {
		ctx, cancel := context.WithCancel(background)
		c := make(chan int, 9)
		stop := context.AfterFunc(ctx, func() { c <- 1 })
		stopped := context.AfterFunc(ctx, func() { c <- 2 })
		p.say(stopped(), " ", stopped())
		cancel()
		p.do(received(c))
		p.say(stop())
		context.AfterFunc(ctx, func() { c <- 3 })
		p.do(received(c))
		p.say(len(c))
	})
	add("context, function after what does not end", func(p *play) {
		p.say(context.AfterFunc(background, func() {})())
	})
	add("context, somebody waits", func(p *play) {
		ctx, cancel := context.WithCancel(background)
		t := p.start(func() string { <-ctx.Done(); return over(ctx) })
		p.see(t)
		cancel()
		p.see(t)
	})
}
