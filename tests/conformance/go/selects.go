package main

import (
	"fmt"
	"time"
)

func init() {
	add("select without cases", func(p *play) { p.see(p.start(func() string { select {} })) })
	add("select of nil channels", func(p *play) {
		p.see(p.start(func() string {
			var c chan int
			select {
			case <-c:
			case c <- 1:
			}
			return "done"
		}))
	})
	add("select of nil channels, default", func(p *play) {
		p.do(func() string {
			var c chan int
			select {
			case <-c:
				return "received"
			case c <- 1:
				return "sent"
			default:
				return "default"
			}
		})
	})
	add("select only default", func(p *play) {
		p.do(func() string {
			select {
			default:
				return "default"
			}
		})
	})
	add("select, two values are ready", func(p *play) {
		p.choices(func() string {
			a, b := filled(1, 1), filled(1, 2)
			select {
			case v := <-a:
				return fmt.Sprint("a ", v, len(b))
			case v := <-b:
				return fmt.Sprint("b ", v, len(a))
			}
		})
	})
	add("select, value and room are ready", func(p *play) {
		p.choices(func() string {
			c := filled(2, 1)
			select {
			case v := <-c:
				return fmt.Sprint(v, " len ", len(c))
			case c <- 2:
				return fmt.Sprint("sent len ", len(c))
			}
		})
	})
	add("select, closed and room are ready", func(p *play) {
		p.choices(func() string {
			a, b := closed(filled(0)), filled(1)
			select {
			case v, ok := <-a:
				return got(v, ok)
			case b <- 1:
				return "sent"
			default:
				return "default"
			}
		})
	})
	add("select, send on closed beside a value", func(p *play) {
		p.choices(func() string {
			a, b := closed(filled(1)), filled(1, 1)
			select {
			case a <- 1:
				return "sent"
			case v := <-b:
				return fmt.Sprint(v)
			}
		})
	})
	add("select, send on closed beside default", func(p *play) {
		p.do(func() string {
			c := closed(filled(1))
			select {
			case c <- 1:
				return "sent"
			default:
				return "default"
			}
		})
	})
	add("select, two sides of a closed channel", func(p *play) {
		p.choices(func() string {
			c := closed(filled(1, 7))
			select {
			case c <- 1:
				return "sent"
			case v, ok := <-c:
				return got(v, ok)
			}
		})
	})
	add("select, the same channel three times", func(p *play) {
		p.choices(func() string {
			c := filled(1, 1)
			select {
			case <-c:
				return "first"
			case <-c:
				return "second"
			case <-c:
				return "third"
			}
		})
	})
	add("select, three are ready of five", func(p *play) {
		p.choices(func() string {
			a, b, c, d, e := filled(1, 1), filled(0), filled(1), filled(1, 4), filled(1, 5)
			select {
			case v := <-a:
				return fmt.Sprint(v)
			case v := <-b:
				return fmt.Sprint(v)
			case c <- 3:
				return "sent"
			case d <- 4:
				return "sent to a full one"
			case v := <-e:
				return fmt.Sprint(v)
			}
		})
	})
	add("select meets not itself", func(p *play) {
		p.see(p.start(func() string {
			c := make(chan int)
			select {
			case c <- 1:
				return "sent"
			case <-c:
				return "received"
			}
		}))
	})
	add("select, both sides of a buffer, twice", func(p *play) {
		p.do(func() string {
			c, out := filled(1), ""
			for range 2 {
				select {
				case c <- 1:
					out += "sent "
				case v := <-c:
					out += fmt.Sprint(v)
				}
			}
			return out
		})
	})
	both := func(c, d chan int, v int) string {
		select {
		case c <- v:
			return "sent"
		case w := <-d:
			return fmt.Sprint("received ", w)
		}
	}
	add("two selects face each other on one channel", func(p *play) {
		p.choices(func() string {
			c := make(chan int)
			other := make(chan string)
			go func() { other <- both(c, c, 1) }()
			mine := both(c, c, 2)
			return mine + ", " + <-other
		})
	})
	add("two selects face each other on two channels", func(p *play) {
		p.choices(func() string {
			c, d := make(chan int), make(chan int)
			other := make(chan string)
			go func() { other <- both(c, d, 1) }()
			mine := both(d, c, 2)
			return mine + ", " + <-other
		})
	})
	selectOf := func(a, b chan int) func() string {
		return func() string {
			select {
			case v, ok := <-a:
				return "a " + got(v, ok)
			case v, ok := <-b:
				return "b " + got(v, ok)
			}
		}
	}
	add("a select waits, the second comes", func(p *play) {
		a, b := make(chan int), make(chan int)
		t := p.start(selectOf(a, b))
		p.do(sent(b, 5))
		p.see(t)
		p.do(func() string { return trySend(a, 6) })
		p.do(func() string { return trySend(b, 6) })
	})
	add("a select waits, the second is closed", func(p *play) {
		a, b := make(chan int), make(chan int)
		t := p.start(selectOf(a, b))
		p.do(func() string { return closes(b) })
		p.see(t)
		p.do(func() string { return trySend(a, 6) })
	})
	add("a select waits to send, a receiver comes", func(p *play) {
		a, b := make(chan int), filled(1, 1)
		t := p.start(func() string {
			select {
			case a <- 7:
				return "a"
			case b <- 8:
				return "b"
			}
		})
		p.do(received(b))
		p.see(t)
		p.do(received(b))
		p.do(func() string { return tryRecv(a) })
	})
	add("a select waits to send, its channel is closed", func(p *play) {
		a, b := make(chan int), filled(1, 1)
		t := p.start(func() string {
			select {
			case a <- 7:
				return "a"
			case b <- 8:
				return "b"
			}
		})
		p.do(func() string { return closes(b) })
		p.see(t)
		p.say("len ", len(b))
	})
	add("a select and a receiver wait, in turn", func(p *play) {
		a, b := make(chan int), make(chan int)
		first := p.start(selectOf(a, b))
		second := p.start(received(b))
		third := p.start(selectOf(b, a))
		for i := range 3 {
			p.do(sent(b, i))
		}
		p.see(first, second, third)
	})
	add("select, timeout", func(p *play) {
		p.do(func() string {
			select {
			case <-make(chan int):
				return "received"
			case <-time.After(time.Millisecond):
				return "timeout"
			}
		})
	})
	add("select, timeout not reached", func(p *play) {
		p.do(func() string {
			select {
			case v := <-filled(1, 3):
				return fmt.Sprint(v)
			case <-time.After(time.Hour):
				return "timeout"
			}
		})
	})
	add("select, channels evaluated", func(p *play) {
		order := ""
		of := func(name string, c chan int) chan int { order += name; return c }
		select {
		case <-of("a", nil):
		case of("b", nil) <- 1:
		case <-of("c", filled(1, 1)):
		case <-of("d", nil):
		}
		p.say(order)
	})
	add("select, messages evaluated", func(p *play) {
		order := ""
		message := func(name string) int { order += name; return 1 }
		select {
		case filled(0) <- message("a"):
		case filled(1) <- message("b"):
		}
		p.say(order)
	})
	add("select in a loop, nil disables", func(p *play) {
		a, b := closed(filled(2, 1, 2)), closed(filled(1, 3))
		sum := 0
		for a != nil || b != nil {
			select {
			case v, ok := <-a:
				if !ok {
					a = nil
				}
				sum += v
			case v, ok := <-b:
				if !ok {
					b = nil
				}
				sum += v
			}
		}
		p.say(sum)
	})
}
