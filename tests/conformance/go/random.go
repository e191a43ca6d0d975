package main

// Plays the random programs: the twin of ../random/interpreter.rs; ../random/program.rs has the text form.

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"time"
)

type program struct {
	channels map[byte]chan int
	timers   map[byte]*time.Timer
	started  int
	over     map[int]string
	done     chan ended
}

type ended struct {
	id      int
	outcome string
}

func runPrograms() {
	// One thread, so that a yield runs all others up to where they block.
	runtime.GOMAXPROCS(1)
	in := bufio.NewScanner(os.Stdin)
	full := len(os.Args) > 2 && os.Args[2] == "full"
	for n := 1; in.Scan(); n++ {
		text := in.Text()
		result := playProgram(text)
		if full {
			fmt.Printf("%s\n%s\n", text, result)
			continue
		}
		separator := " "
		if n%12 == 0 {
			separator = "\n"
		}
		fmt.Printf("%08x%s", hash(text+"\n"+result), separator)
	}
	fmt.Println()
}

// FNV-1a, folded.
func hash(text string) uint32 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 0x100000001b3
	}
	return uint32(h ^ h>>32)
}

func playProgram(text string) string {
	capacities, steps, _ := strings.Cut(text, " ")
	p := &program{map[byte]chan int{}, map[byte]*time.Timer{}, 0, nil, make(chan ended, 100)}
	for i := range len(capacities) {
		name := byte('a' + i)
		if p.channels[name] = nil; capacities[i] != 'n' {
			p.channels[name] = make(chan int, int(capacities[i]-'0'))
		}
	}
	var out []string
	for _, step := range strings.Split(steps, ",") {
		out = append(out, short(func() string { return p.step(step) })+p.report())
	}
	for i := range len(capacities) {
		if c := p.channels[byte('a'+i)]; c != nil {
			out = append(out, short(func() string { return closes(c) })+p.report())
		}
	}
	for i := range len(capacities) {
		if c := p.channels[byte('a'+i)]; c != nil {
			for v := range c {
				out = append(out, fmt.Sprint(v))
			}
		}
	}
	return strings.Join(out, ",")
}

// short leaves the texts of panics away: they are among the cases.
func short(f func() string) string {
	result := fails(f)
	if strings.HasPrefix(result, "fails") {
		return "fails"
	}
	return result
}

// report lets all tasks go on, and tells which came to their end.
func (p *program) report() string {
	for range 4 {
		runtime.Gosched()
	}
	var over []ended
	for len(p.done) > 0 {
		over = append(over, <-p.done)
	}
	sort.Slice(over, func(i, j int) bool { return over[i].id < over[j].id })
	out := ""
	for _, e := range over {
		out += fmt.Sprintf("[%d %s]", e.id, e.outcome)
	}
	return out
}

type opCase struct {
	send  bool
	name  byte
	value int
}

func parse(text string) (cases []opCase) {
	for text != "" {
		c := opCase{send: text[0] == '>', name: text[1]}
		text = text[2:]
		if c.send {
			c.value = int(text[0] - '0')
			text = text[1:]
		}
		cases = append(cases, c)
	}
	return
}

func (p *program) step(step string) string {
	kind, rest := step[0], step[1:]
	switch kind {
	case 's', 'r', 'S', 'R':
		c := parse(rest)[0]
		switch ch := p.channels[c.name]; kind {
		case 's':
			return sent(ch, c.value)()
		case 'S':
			return trySend(ch, c.value)
		case 'r':
			return received(ch)()
		default:
			return tryRecv(ch)
		}
	case 'x':
		return closes(p.channels[rest[0]])
	case 'l':
		return fmt.Sprint(len(p.channels[rest[0]]))
	case 'c':
		return fmt.Sprint(cap(p.channels[rest[0]]))
	case 'b', 'd':
		return p.choose(parse(rest), kind == 'd')
	case 'p':
		id, cases := p.started, parse(rest)
		p.started++
		go func() {
			p.done <- ended{id, short(func() string {
				if len(cases) > 1 {
					return p.choose(cases, false)
				}
				if cases[0].send {
					return sent(p.channels[cases[0].name], cases[0].value)()
				}
				return received(p.channels[cases[0].name])()
			})}
		}()
		return fmt.Sprint("#", id)
	case 't':
		p.timers[rest[0]] = time.NewTimer(when(rest[1]))
		wait(rest[1])
		return "new"
	case 'q':
		return fmt.Sprint(p.timers[rest[0]].Stop())
	case 'z':
		active := p.timers[rest[0]].Reset(when(rest[1]))
		wait(rest[1])
		return fmt.Sprint(active)
	}
	panic(step)
}

func when(code byte) time.Duration {
	if code == '0' {
		return 0
	}
	return time.Hour
}

// wait waits until the clock has moved on.
func wait(code byte) {
	for start := time.Now(); code == '0' && time.Since(start) < 2*time.Microsecond; {
	}
}

func (p *program) choose(cases []opCase, withDefault bool) string {
	var all []reflect.SelectCase
	for _, c := range cases {
		switch {
		case c.send:
			all = append(all, reflect.SelectCase{Dir: reflect.SelectSend,
				Chan: reflect.ValueOf(p.channels[c.name]), Send: reflect.ValueOf(c.value)})
		case c.name >= 'u':
			all = append(all, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(p.timers[c.name].C)})
		default:
			all = append(all, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(p.channels[c.name])})
		}
	}
	if withDefault {
		all = append(all, reflect.SelectCase{Dir: reflect.SelectDefault})
	}
	chosen, value, ok := reflect.Select(all)
	switch {
	case chosen == len(cases):
		return "default"
	case cases[chosen].send:
		return "sent"
	case cases[chosen].name >= 'u':
		return "tick"
	}
	return got(int(value.Int()), ok)
}
