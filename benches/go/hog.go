package main

// The `hog` bench in Go. The answer to such a row, with a number of milliseconds, is a line with how many sections the crowd
// had, by how many nanoseconds a sleep was too long at worst, and the nanoseconds of each wait.

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	hold  = 100 * time.Microsecond
	pause = 100 * time.Microsecond
	crowd = 4
)

// A hog's lock, from both sides.
type contest struct {
	crowd              int
	takeCrowd, takeOne func(section func())
}

func findContest(row string) *contest {
	with := func(lock, unlock func()) func(func()) {
		return func(section func()) {
			lock()
			section()
			unlock()
		}
	}
	var mutex sync.Mutex
	var rw sync.RWMutex
	switch row {
	case "hog.mutex":
		take := with(mutex.Lock, mutex.Unlock)
		return &contest{1, take, take}
	case "hog.writer":
		return &contest{crowd, with(rw.RLock, rw.RUnlock), with(rw.Lock, rw.Unlock)}
	case "hog.reader":
		return &contest{crowd, with(rw.Lock, rw.Unlock), with(rw.RLock, rw.RUnlock)}
	}
	return nil
}

// Work that takes a known time without looking at a clock.
func work(steps int) uint64 {
	state := uint64(1)
	for i := 0; i < steps; i++ {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
	}
	return state
}

var worked atomic.Uint64

// How many steps take as long as a section.
var stepsOfHold = sync.OnceValue(func() int {
	const steps = 20_000
	fastest := time.Hour
	for i := 0; i < 300; i++ {
		start := time.Now()
		worked.Store(work(steps))
		fastest = min(fastest, time.Since(start))
	}
	return int(steps * hold / fastest)
})

func (c *contest) run(length time.Duration) string {
	steps := stepsOfHold()
	var begun, sections atomic.Int64
	var over atomic.Bool
	var all sync.WaitGroup
	for i := 0; i < c.crowd; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			times := 0
			for ; !over.Load(); times++ {
				c.takeCrowd(func() {
					if times == 0 {
						begun.Add(1)
					}
					worked.Store(work(steps))
				})
			}
			sections.Add(int64(times))
		}()
	}
	var waits []time.Duration
	var late time.Duration
	all.Add(1)
	go func() {
		defer all.Done()
		for begun.Load() == 0 {
			time.Sleep(pause)
		}
		for !over.Load() {
			asleep := time.Now()
			time.Sleep(pause)
			start := time.Now()
			late = max(late, start.Sub(asleep)-pause)
			c.takeOne(func() { waits = append(waits, time.Since(start)) })
		}
	}()
	time.Sleep(length)
	over.Store(true)
	all.Wait()
	var answer strings.Builder
	fmt.Fprint(&answer, sections.Load(), " ", late.Nanoseconds())
	for _, wait := range waits {
		fmt.Fprint(&answer, " ", wait.Nanoseconds())
	}
	return answer.String()
}
