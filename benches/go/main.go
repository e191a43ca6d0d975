// The rows of the `compare` bench in Go, so that both are measured in the same minutes.
//
// The process stays alive and takes requests: a line with a row and a number of operations. The answer is a line with
// the time that they took and the process's CPU time meanwhile, in nanoseconds, and the number of allocations; or `none`,
// if there is no such row. What a round leaves behind is gone before its answer, so that it costs nobody else anything.
// The rows of the `hog` bench have answers of another form: see hog.go.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

func main() {
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		var row string
		var n int
		if _, err := fmt.Sscan(requests.Text(), &row, &n); err != nil {
			fmt.Fprintf(os.Stderr, "not a row and a number: %q\n", requests.Text())
			os.Exit(1)
		}
		if contest := findContest(row); contest != nil {
			fmt.Println(contest.run(time.Duration(n) * time.Millisecond))
			continue
		}
		run := find(row)
		if run == nil {
			fmt.Println("none")
			continue
		}
		sample := run(n)
		fmt.Println(sample.elapsed.Nanoseconds(), sample.cpu.Nanoseconds(), sample.allocations)
	}
}

// What operations took.
type sample struct {
	elapsed, cpu time.Duration
	allocations  uint64
}

// A measurement under way.
type meter struct {
	before sample
	start  time.Time
}

func startMeter() meter {
	before := sample{cpu: cpuTime(), allocations: allocations()}
	return meter{before: before, start: time.Now()}
}

func (m meter) stop() sample {
	elapsed := time.Since(m.start)
	return sample{
		elapsed:     elapsed,
		cpu:         cpuTime() - m.before.cpu,
		allocations: allocations() - m.before.allocations,
	}
}

// User and system time of the process so far.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func allocations() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}
