// The cases and the random programs of this folder, run by Go. `go run .` prints one line per case; `go run . random`
// reads programs, one a line, and prints what each did. tests/conformance/README.md has the normal form.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strings"
	"time"
)

// How long an operation may take before it counts as blocked. Its twin in Rust has no such limit for what returns.
const pause = 25 * time.Millisecond

type play struct{ out []string }

type testCase struct {
	name string
	run  func(p *play)
}

var cases []testCase

func add(name string, run func(p *play)) { cases = append(cases, testCase{name, run}) }

// fails runs f; what it returns, or what it panicked with.
func fails(f func() string) (result string) {
	defer func() {
		if e := recover(); e != nil {
			result = fmt.Sprint("fails: ", e)
		}
	}()
	return f()
}

func (p *play) say(what ...any) { p.out = append(p.out, fmt.Sprint(what...)) }

// do notes what an operation of this goroutine does, which does not block.
func (p *play) do(f func() string) { p.say(fails(f)) }

// task is an operation on a goroutine of its own.
type task struct{ done chan string }

// start starts one, and lets it come to its end or to where it blocks.
func (p *play) start(f func() string) *task {
	t := &task{make(chan string, 1)}
	go func() { t.done <- fails(f) }()
	for end := time.Now().Add(pause); len(t.done) == 0 && time.Now().Before(end); {
		runtime.Gosched()
	}
	return t
}

func (p *play) startAll(n int, f func(i int) string) (tasks []*task) {
	for i := range n {
		tasks = append(tasks, p.start(func() string { return f(i) }))
	}
	return
}

// see notes what tasks did.
func (p *play) see(tasks ...*task) {
	for _, t := range tasks {
		select {
		case result := <-t.done:
			t.done <- result
			p.say(result)
		case <-time.After(pause):
			p.say("blocks")
		}
	}
}

// choices plays a round many times, and notes all that happened, sorted.
func (p *play) choices(round func() string) {
	seen := map[string]bool{}
	for range 200 {
		seen[fails(round)] = true
	}
	var all []string
	for result := range seen {
		all = append(all, result)
	}
	sort.Strings(all)
	p.say(strings.Join(all, " | "))
}

// What ends the whole process in Go: each is run in one of its own.
var deaths = map[string]func(){}

func addDeath(name string, run func()) {
	deaths[name] = run
	add(name, func(p *play) {
		var stderr bytes.Buffer
		child := exec.Command(os.Args[0], "dies", name)
		child.Stderr = &stderr
		if child.Run() == nil {
			p.say("ok")
			return
		}
		line, _, _ := strings.Cut(stderr.String(), "\n")
		line = strings.TrimPrefix(strings.TrimPrefix(line, "fatal error: "), "panic: ")
		p.say("fails: ", line)
	})
}

func main() {
	switch {
	case len(os.Args) > 2 && os.Args[1] == "dies":
		deaths[os.Args[2]]()
	case len(os.Args) > 1 && os.Args[1] == "random":
		runPrograms()
	default:
		out := bufio.NewWriter(os.Stdout)
		defer out.Flush()
		for _, c := range cases {
			p := &play{}
			c.run(p)
			fmt.Fprintf(out, "%s: %s\n", c.name, strings.Join(p.out, "; "))
		}
	}
}
