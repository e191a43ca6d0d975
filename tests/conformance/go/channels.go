package main

import "fmt"

func sent(c chan int, v int) func() string { return func() string { c <- v; return "sent" } }

func got(v int, ok bool) string {
	if !ok {
		return "end"
	}
	return fmt.Sprint(v)
}

func received(c chan int) func() string { return func() string { v, ok := <-c; return got(v, ok) } }

func trySend(c chan int, v int) string {
	select {
	case c <- v:
		return "sent"
	default:
		return "default"
	}
}

func tryRecv(c chan int) string {
	select {
	case v, ok := <-c:
		return got(v, ok)
	default:
		return "default"
	}
}

func closes(c chan int) string { close(c); return "closed" }

// A state: a channel, and the tasks that wait at it.
type state struct {
	name string
	make func(p *play) (chan int, []*task)
}

func filled(capacity int, values ...int) chan int {
	c := make(chan int, capacity)
	for _, v := range values {
		c <- v
	}
	return c
}

func alone(c func() chan int) func(p *play) (chan int, []*task) {
	return func(p *play) (chan int, []*task) { return c(), nil }
}

func closed(c chan int) chan int { close(c); return c }

var states = []state{
	{"nil", alone(func() chan int { return nil })},
	{"cap 0", alone(func() chan int { return filled(0) })},
	{"cap 1, empty", alone(func() chan int { return filled(1) })},
	{"cap 1, full", alone(func() chan int { return filled(1, 1) })},
	{"cap 3, one value", alone(func() chan int { return filled(3, 1) })},
	{"cap 3, full", alone(func() chan int { return filled(3, 1, 2, 3) })},
	{"cap 0, closed", alone(func() chan int { return closed(filled(0)) })},
	{"cap 1, closed", alone(func() chan int { return closed(filled(1)) })},
	{"cap 1, closed with a value", alone(func() chan int { return closed(filled(1, 1)) })},
	{"cap 3, closed with two values", alone(func() chan int { return closed(filled(3, 1, 2)) })},
	{"cap 0, two senders wait", func(p *play) (chan int, []*task) {
		c := filled(0)
		return c, p.startAll(2, func(i int) string { return sent(c, 1+i)() })
	}},
	{"cap 0, two receivers wait", func(p *play) (chan int, []*task) {
		c := filled(0)
		return c, p.startAll(2, func(int) string { return received(c)() })
	}},
	{"cap 1, full, two senders wait", func(p *play) (chan int, []*task) {
		c := filled(1, 1)
		return c, p.startAll(2, func(i int) string { return sent(c, 2+i)() })
	}},
	{"cap 1, two receivers wait", func(p *play) (chan int, []*task) {
		c := filled(1)
		return c, p.startAll(2, func(int) string { return received(c)() })
	}},
	{"cap 0, a select waits to send or receive", func(p *play) (chan int, []*task) {
		c, other := filled(0), filled(0)
		return c, []*task{p.start(func() string {
			select {
			case c <- 1:
				return "sent"
			case v, ok := <-c:
				return got(v, ok)
			case <-other:
				return "other"
			}
		})}
	}},
	{"cap 1, a select waits to receive", func(p *play) (chan int, []*task) {
		c, other := filled(1), filled(0)
		return c, []*task{p.start(func() string {
			select {
			case other <- 1:
				return "other"
			case v, ok := <-c:
				return got(v, ok)
			}
		})}
	}},
}

var operations = []struct {
	name string
	run  func(c chan int) string
}{
	{"send", func(c chan int) string { return sent(c, 9)() }},
	{"receive", func(c chan int) string { return received(c)() }},
	{"send, default", func(c chan int) string { return trySend(c, 9) }},
	{"receive, default", func(c chan int) string { return tryRecv(c) }},
	{"close", closes},
	{"len", func(c chan int) string { return fmt.Sprint(len(c)) }},
	{"cap", func(c chan int) string { return fmt.Sprint(cap(c)) }},
	{"range", func(c chan int) string {
		out := ""
		for v := range c {
			out += fmt.Sprint(v, " ")
			if v == 3 {
				break
			}
		}
		return out + "over"
	}},
	{"receive thrice", func(c chan int) string {
		return received(c)() + " " + received(c)() + " " + received(c)()
	}},
	{"select of two, send", func(c chan int) string {
		idle := make(chan int)
		select {
		case idle <- 1:
			return "idle"
		case c <- 9:
			return "sent"
		}
	}},
	{"select of two, receive", func(c chan int) string {
		idle := make(chan int)
		select {
		case <-idle:
			return "idle"
		case v, ok := <-c:
			return got(v, ok)
		}
	}},
	{"select of three, default", func(c chan int) string {
		var null chan int
		select {
		case <-null:
			return "nil"
		case v, ok := <-c:
			return got(v, ok)
		case null <- 1:
			return "nil"
		default:
			return "default"
		}
	}},
	{"receive twice by default, close, receive", func(c chan int) string {
		return tryRecv(c) + " " + tryRecv(c) + " " + fails(func() string { return closes(c) }) + " " + tryRecv(c)
	}},
}

func init() {
	for _, s := range states {
		for _, o := range operations {
			add(s.name+", "+o.name, func(p *play) {
				c, waiting := s.make(p)
				p.see(p.start(func() string { return o.run(c) }))
				p.see(waiting...)
				p.say("len ", len(c))
			})
		}
	}
	add("make, negative capacity", func(p *play) {
		n := -1
		p.do(func() string { return fmt.Sprint(cap(make(chan int, n))) })
	})
	add("identity", func(p *play) {
		a, b := make(chan int), make(chan int)
		var none chan int
		p.say(a == a, a == b, a == none, none == nil)
	})
	add("a channel of channels", func(p *play) {
		c := make(chan chan int, 1)
		inner := make(chan int, 1)
		c <- inner
		inner <- 5
		p.do(received(<-c))
	})
	add("three senders wait, served in turn", func(p *play) {
		c := make(chan int)
		tasks := p.startAll(3, func(i int) string { return sent(c, i)() })
		for range 3 {
			p.do(received(c))
		}
		p.see(tasks...)
	})
	add("three receivers wait, served in turn", func(p *play) {
		c := make(chan int)
		tasks := p.startAll(3, func(int) string { return received(c)() })
		for i := range 3 {
			p.do(sent(c, i))
		}
		p.see(tasks...)
	})
	add("senders wait at a full buffer, order", func(p *play) {
		c := filled(2, 1, 2)
		tasks := p.startAll(2, func(i int) string { return sent(c, 3+i)() })
		p.do(received(c))
		p.say("len ", len(c))
		p.do(received(c))
		p.say("len ", len(c))
		p.see(tasks...)
		p.do(received(c))
		p.do(received(c))
		p.do(func() string { return tryRecv(c) })
	})
	add("close beside waiting senders and a buffer", func(p *play) {
		c := filled(1, 1)
		tasks := p.startAll(2, func(i int) string { return sent(c, 2+i)() })
		p.do(func() string { return closes(c) })
		p.see(tasks...)
		p.do(received(c))
		p.do(received(c))
	})
	add("close twice", func(p *play) {
		c := make(chan int)
		p.do(func() string { return closes(c) })
		p.do(func() string { return closes(c) })
	})
	add("a failed send changes nothing", func(p *play) {
		c := closed(filled(2, 1))
		p.do(sent(c, 2))
		p.say("len ", len(c))
		p.do(received(c))
		p.do(received(c))
	})
	add("zero-size values", func(p *play) {
		c := make(chan struct{}, 2)
		c <- struct{}{}
		c <- struct{}{}
		p.say("len ", len(c))
		select {
		case c <- struct{}{}:
			p.say("sent")
		default:
			p.say("default")
		}
		<-c
		p.say("len ", len(c))
	})
	add("range while another one sends", func(p *play) {
		c := make(chan int)
		go func() {
			for i := range 5 {
				c <- i
			}
			close(c)
		}()
		sum := 0
		for v := range c {
			sum = 10*sum + v
		}
		p.say(sum)
	})
	add("a ring of three", func(p *play) {
		a, b, c := make(chan int), make(chan int), make(chan int)
		go func() { b <- 1 + <-a }()
		go func() { c <- 1 + <-b }()
		a <- 1
		p.do(received(c))
	})
}
