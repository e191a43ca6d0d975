package main

import (
	"fmt"
	"math"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
)

// pairs are all of a map, sorted.
func pairs(m *sync.Map) string {
	all := []string{}
	m.Range(func(k, v any) bool {
		all = append(all, fmt.Sprint(k, "=", v))
		return true
	})
	sort.Strings(all)
	return fmt.Sprint(all)
}

func squares(n int) *sync.Map {
	m := new(sync.Map)
	for i := range n {
		m.Store(i, i*i)
	}
	return m
}

func (p *play) both(v any, ok bool) { p.say(v, " ", ok) }

func init() {
	add("map, load and store", func(p *play) {
		var m sync.Map
		p.both(m.Load("a"))
		m.Store("a", 1)
		p.both(m.Load("a"))
		p.both(m.Load("b"))
		m.Store("a", 2)
		p.both(m.Load("a"))
		p.say(pairs(&m))
	})
	add("map, load or store", func(p *play) {
		var m sync.Map
		p.both(m.LoadOrStore("a", 1))
		p.both(m.LoadOrStore("a", 2))
		p.both(m.LoadOrStore("b", 3))
		m.Delete("a")
		p.both(m.LoadOrStore("a", 4))
		p.say(pairs(&m))
	})
	add("map, delete", func(p *play) {
		var m sync.Map
		m.Delete("a")
		p.both(m.LoadAndDelete("a"))
		m.Store("a", 1)
		m.Store("b", 2)
		p.both(m.LoadAndDelete("a"))
		p.both(m.LoadAndDelete("a"))
		m.Delete("b")
		m.Delete("b")
		p.say(pairs(&m))
	})
	add("map, swap", func(p *play) {
		var m sync.Map
		p.both(m.Swap("a", 1))
		p.both(m.Swap("a", 2))
		m.Delete("a")
		p.both(m.Swap("a", 3))
		p.say(pairs(&m))
	})
	add("map, compare and swap", func(p *play) {
		var m sync.Map
		p.say(m.CompareAndSwap("a", 0, 1))
		m.Store("a", 1)
		p.say(m.CompareAndSwap("a", 0, 2), m.CompareAndSwap("a", 1, 1), m.CompareAndSwap("a", 1, 2), m.CompareAndSwap("a", 1, 3))
		p.say(pairs(&m))
		m.Delete("a")
		p.say(m.CompareAndSwap("a", 2, 3))
		p.say(pairs(&m))
	})
	add("map, compare and delete", func(p *play) {
		var m sync.Map
		p.say(m.CompareAndDelete("a", 1))
		m.Store("a", 1)
		p.say(m.CompareAndDelete("a", 2), m.CompareAndDelete("a", 1), m.CompareAndDelete("a", 1))
		p.say(pairs(&m))
	})
	add("map, a value that is nil", func(p *play) {
		var m sync.Map
		p.say(m.CompareAndSwap("a", nil, 1), m.CompareAndDelete("a", nil))
		m.Store("a", nil)
		p.both(m.Load("a"))
		p.both(m.LoadOrStore("a", 1))
		p.say(m.CompareAndSwap("a", nil, 2))
		p.both(m.Swap("a", nil))
		p.say(m.CompareAndDelete("a", nil))
		p.both(m.LoadAndDelete("a"))
	})
	add("map, clear", func(p *play) {
		m := squares(5)
		m.Clear()
		p.say(pairs(m))
		p.both(m.Load(2))
		p.both(m.LoadOrStore(2, 9))
		m.Store(3, 8)
		p.say(pairs(m))
		m.Clear()
		m.Clear()
		p.say(pairs(m))
	})
	add("map, range", func(p *play) {
		p.say(pairs(new(sync.Map)))
		p.say(pairs(squares(7)))
		n := 0
		squares(7).Range(func(k, v any) bool {
			n++
			return n < 3
		})
		p.say(n)
	})
	add("map, range that deletes what it sees", func(p *play) {
		m, n := squares(100), 0
		m.Range(func(k, v any) bool {
			n++
			m.Delete(k)
			return true
		})
		p.say(n, " ", pairs(m))
	})
	add("map, range that changes what it sees", func(p *play) {
		m, n := squares(100), 0
		m.Range(func(k, v any) bool {
			n += v.(int)
			m.Store(k, -1)
			return true
		})
		p.say(n)
		n = 0
		m.Range(func(k, v any) bool {
			n += v.(int)
			return true
		})
		p.say(n)
	})
	add("map, range in a range", func(p *play) {
		m, n := squares(9), 0
		m.Range(func(k, _ any) bool {
			m.Range(func(_, v any) bool {
				n += k.(int) * v.(int)
				return true
			})
			return true
		})
		p.say(n)
	})
	add("map, range that panics", func(p *play) {
		m := squares(3)
		p.do(func() string {
			m.Range(func(k, v any) bool { panic("boom") })
			return "done"
		})
		m.Store(1, 9)
		p.say(pairs(m))
	})
	add("map, a key that is not equal to itself", func(p *play) {
		var m sync.Map
		key := math.NaN()
		m.Store(key, 1)
		m.Store(key, 2)
		p.both(m.Load(key))
		p.both(m.LoadOrStore(key, 3))
		p.both(m.LoadAndDelete(key))
		p.say(pairs(&m))
		m.Clear()
		p.say(pairs(&m))
	})
	add("map, a key that has no hash", func(p *play) {
		var m sync.Map
		p.do(func() string {
			m.Store([]int{1}, 1)
			return "done"
		})
	})
	add("map, an old value that cannot be compared", func(p *play) {
		var m sync.Map
		m.Store("a", []int{1})
		p.do(func() string { return fmt.Sprint(m.CompareAndSwap("a", []int{1}, 1)) })
		p.do(func() string { return fmt.Sprint(m.CompareAndDelete("a", []int{1})) })
	})
	add("map, one of many stores", func(p *play) {
		p.choices(func() string {
			var m sync.Map
			var group sync.WaitGroup
			var stored, agree atomic.Int32
			for i := range 4 {
				group.Go(func() {
					if v, loaded := m.LoadOrStore("a", i); !loaded {
						stored.Add(1)
						if v == i {
							agree.Add(1)
						}
					}
				})
			}
			group.Wait()
			return fmt.Sprint(stored.Load(), " ", agree.Load())
		})
	})
	add("map, one of many deletes", func(p *play) {
		p.choices(func() string {
			m := squares(2)
			var group sync.WaitGroup
			var done atomic.Int32
			for i := range 4 {
				group.Go(func() {
					ok := false
					if i%2 == 0 {
						ok = m.CompareAndDelete(1, 1)
					} else {
						_, ok = m.LoadAndDelete(1)
					}
					if ok {
						done.Add(1)
					}
				})
			}
			group.Wait()
			return fmt.Sprint(done.Load(), " ", pairs(m))
		})
	})
	add("map, many swap in turn", func(p *play) {
		p.choices(func() string {
			var m sync.Map
			m.Store("a", 0)
			var group sync.WaitGroup
			var sum atomic.Int32
			for i := range 4 {
				group.Go(func() {
					v, _ := m.Swap("a", i+1)
					sum.Add(int32(v.(int)))
				})
			}
			group.Wait()
			v, _ := m.Load("a")
			return fmt.Sprint(sum.Load() + int32(v.(int)))
		})
	})
	add("map, many count", func(p *play) {
		p.choices(func() string {
			var m sync.Map
			m.Store("a", 0)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					for range 5 {
						for {
							v, _ := m.Load("a")
							if m.CompareAndSwap("a", v, v.(int)+1) {
								break
							}
						}
					}
				})
			}
			group.Wait()
			return pairs(&m)
		})
	})

	add("pool, without a function", func(p *play) {
		var pool sync.Pool
		p.say(pool.Get(), " ", pool.Get())
	})
	add("pool, with a function", func(p *play) {
		n := 0
		pool := sync.Pool{New: func() any { n++; return n }}
		p.say(pool.Get(), " ", pool.Get(), " ", pool.Get())
	})
	add("pool, a function that panics", func(p *play) {
		n := 0
		pool := sync.Pool{New: func() any {
			n++
			if n < 3 {
				panic("boom")
			}
			return n
		}}
		for range 3 {
			p.do(func() string { return fmt.Sprint(pool.Get()) })
		}
	})
	add("pool, a function that uses it", func(p *play) {
		var pool sync.Pool
		n := 0
		pool.New = func() any {
			n++
			if n < 4 {
				return fmt.Sprint(pool.Get(), n)
			}
			return "end"
		}
		p.say(pool.Get())
	})
	add("pool, nil is put", func(p *play) {
		pool := sync.Pool{New: func() any { return "new" }}
		pool.Put(nil)
		p.say(pool.Get())
	})
	add("pool, emptied", func(p *play) {
		pool := sync.Pool{New: func() any { return "new" }}
		for range 10 {
			pool.Put("old")
		}
		// Two collections, or a clear.
		runtime.GC()
		runtime.GC()
		p.say(pool.Get())
	})
	add("pool, nothing comes twice", func(p *play) {
		p.choices(func() string {
			var pool sync.Pool
			for i := range 10 {
				pool.Put(i)
			}
			seen := map[any]bool{}
			for v := pool.Get(); v != nil; v = pool.Get() {
				if seen[v] {
					return fmt.Sprint(v, " twice")
				}
				seen[v] = true
			}
			return "once"
		})
	})
	add("pool, nobody has what another one has", func(p *play) {
		p.choices(func() string {
			pool := sync.Pool{New: func() any { return new(atomic.Int32) }}
			var group sync.WaitGroup
			var bad atomic.Int32
			for range 4 {
				group.Go(func() {
					for range 20 {
						item := pool.Get().(*atomic.Int32)
						if item.Add(1) != 1 {
							bad.Add(1)
						}
						runtime.Gosched()
						item.Add(-1)
						pool.Put(item)
					}
				})
			}
			group.Wait()
			return fmt.Sprint(bad.Load())
		})
	})
}
