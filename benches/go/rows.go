package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// What performs n operations.
type run func(n int) sample

// The row of a name: a shape and the capacity of its channels, as in `spsc.b1024`, or a pool and its threads. nil if there is none.
func find(name string) run {
	if run := findMap(name); run != nil {
		return run
	}
	switch name {
	case "pool.un":
		return func(n int) sample { return pooled(1, n) }
	case "pool.t02":
		return func(n int) sample { return pooled(2, n) }
	}
	shape, digits, found := strings.Cut(name, ".b")
	capacity, err := strconv.Atoi(digits)
	if !found || err != nil {
		return nil
	}
	switch shape {
	case "spsc":
		return func(n int) sample { return tasks(capacity, 1, 1, n) }
	case "mpsc4":
		return func(n int) sample { return tasks(capacity, 4, 1, n) }
	case "mpmc4x4":
		return func(n int) sample { return tasks(capacity, 4, 4, n) }
	case "pingpong":
		return func(n int) sample { return pingPong(capacity, n) }
	case "daisy1000":
		return func(n int) sample { return rounds(capacity, 1000, n) }
	case "daisy10k":
		return func(n int) sample { return chains(capacity, 10_000, n) }
	case "sieve200":
		return func(n int) sample { return sieves(capacity, 200, n) }
	case "select4":
		return func(n int) sample { return fourToOne(capacity, n) }
	}
	return nil
}

// Where what was received goes, so that it must be received.
var sink atomic.Int64

func sendAll(c chan<- int, n int) {
	for i := 0; i < n; i++ {
		c <- i
	}
}

func recvAll(c <-chan int, n int) {
	sum := 0
	for i := 0; i < n; i++ {
		sum += <-c
	}
	sink.Add(int64(sum))
}

// So many senders and receivers, as fast as they can. One operation is a message.
func tasks(capacity, senders, receivers, n int) sample {
	c := make(chan int, capacity)
	var all sync.WaitGroup
	all.Add(senders + receivers)
	m := startMeter()
	for i := 0; i < receivers; i++ {
		go func() {
			recvAll(c, n/receivers)
			all.Done()
		}()
	}
	for i := 0; i < senders; i++ {
		go func() {
			sendAll(c, n/senders)
			all.Done()
		}()
	}
	all.Wait()
	return m.stop()
}

// There and back. One operation is a round trip.
func pingPong(capacity, n int) sample {
	there, back := make(chan int, capacity), make(chan int, capacity)
	ended := make(chan struct{})
	m := startMeter()
	go func() {
		for i := range there {
			back <- i
		}
		close(ended)
	}()
	for i := 0; i < n; i++ {
		there <- i
		if <-back != i {
			panic("another value")
		}
	}
	result := m.stop()
	close(there)
	<-ended
	return result
}

// A row of goroutines that pass messages on, one after the other. One operation is a step of a message.
func rounds(capacity, length, n int) sample {
	first := make(chan int, capacity)
	m := startMeter()
	last := first
	for i := 1; i < length; i++ {
		from, to := last, make(chan int, capacity)
		last = to
		go func() {
			for i := range from {
				to <- i + 1
			}
			close(to)
		}()
	}
	for round := 0; round < n/length; round++ {
		first <- round
		if <-last != round+length-1 {
			panic("another value")
		}
	}
	result := m.stop()
	close(first)
	for range last {
	}
	return result
}

// Rows of goroutines that each pass on a single message. One operation is a goroutine: its start, its channel, its end.
func chains(capacity, length, n int) sample {
	m := startMeter()
	for chain := 0; chain < n/length; chain++ {
		first := make(chan int, capacity)
		last := first
		for i := 1; i < length; i++ {
			from, to := last, make(chan int, capacity)
			last = to
			go func() { to <- 1 + <-from }()
		}
		go func() { first <- chain }()
		if <-last != chain+length-1 {
			panic("another value")
		}
	}
	return m.stop()
}

// The first primes, through a filter for each that was found, again and again. One operation is a prime.
func sieves(capacity, primes, n int) sample {
	var result sample
	for found := 0; found < n; found += primes {
		one := sieve(capacity, primes)
		result.elapsed += one.elapsed
		result.cpu += one.cpu
		result.allocations += one.allocations
	}
	return result
}

func sieve(capacity, primes int) sample {
	var enough atomic.Bool
	m := startMeter()
	numbers := make(chan int, capacity)
	first := numbers
	go func() {
		for i := 2; !enough.Load(); i++ {
			first <- i
		}
		close(first)
	}()
	last := 0
	for i := 0; i < primes; i++ {
		prime := <-numbers
		last = prime
		from, to := numbers, make(chan int, capacity)
		numbers = to
		go func() {
			for i := range from {
				if i%prime != 0 {
					to <- i
				}
			}
			close(to)
		}()
	}
	result := m.stop()
	if primes == 200 && last != 1223 {
		panic(fmt.Sprint(last, " is not the 200th prime"))
	}
	enough.Store(true)
	for range numbers {
	}
	return result
}

// Four senders with a channel each, and one receiver that selects. One operation is a select.
func fourToOne(capacity, n int) sample {
	var channels [4]chan int
	for i := range channels {
		channels[i] = make(chan int, capacity)
	}
	m := startMeter()
	for _, c := range channels {
		go sendAll(c, n/4)
	}
	sum := 0
	for i := 0; i < n; i++ {
		select {
		case v := <-channels[0]:
			sum += v
		case v := <-channels[1]:
			sum += v
		case v := <-channels[2]:
			sum += v
		case v := <-channels[3]:
			sum += v
		}
	}
	sink.Add(int64(sum))
	return m.stop()
}

type buffer [64]byte

// Goroutines that get a buffer, write to it, and put it back. One operation is all of that.
func pooled(goroutines, n int) sample {
	pool := sync.Pool{New: func() any { return new(buffer) }}
	use := func() {
		for i := 0; i < n/goroutines; i++ {
			b := pool.Get().(*buffer)
			b[0]++
			pool.Put(b)
		}
	}
	var others sync.WaitGroup
	others.Add(goroutines - 1)
	m := startMeter()
	for i := 1; i < goroutines; i++ {
		go func() {
			use()
			others.Done()
		}()
	}
	use()
	others.Wait()
	return m.stop()
}
