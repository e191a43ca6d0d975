package main

import (
	"math"
	"sync/atomic"
)

func init() {
	add("atomic, Int32", func(p *play) {
		var a atomic.Int32
		p.say(a.Load(), " ", a.Add(5), " ", a.Add(-7), " ", a.Swap(math.MaxInt32), " ", a.Add(1))
		p.say(a.CompareAndSwap(0, 1), " ", a.CompareAndSwap(math.MinInt32, 12), " ", a.Load())
		p.say(a.And(10), " ", a.Or(3), " ", a.Load())
	})
	add("atomic, Int64", func(p *play) {
		var a atomic.Int64
		a.Store(math.MinInt64)
		p.say(a.Add(-1), " ", a.Add(1), " ", a.Swap(-1), " ", a.And(0xff), " ", a.Or(0x100), " ", a.Load())
		p.say(a.CompareAndSwap(0x1ff, -2), " ", a.CompareAndSwap(0x1ff, 3), " ", a.Load())
	})
	add("atomic, Uint32", func(p *play) {
		var a atomic.Uint32
		p.say(a.Add(^uint32(0)), " ", a.Add(2), " ", a.Swap(6), " ", a.And(3), " ", a.Or(9), " ", a.Load())
		p.say(a.CompareAndSwap(11, 0), " ", a.CompareAndSwap(11, 1), " ", a.Load())
	})
	add("atomic, Uint64", func(p *play) {
		var a atomic.Uint64
		p.say(a.Add(^uint64(0)), " ", a.Add(2), " ", a.Swap(6), " ", a.And(3), " ", a.Or(9), " ", a.Load())
	})
	add("atomic, Uintptr", func(p *play) {
		var a atomic.Uintptr
		p.say(a.Add(^uintptr(0)), " ", a.Add(2), " ", a.Swap(6), " ", a.And(3), " ", a.Or(9), " ", a.Load())
	})
	add("atomic, Bool", func(p *play) {
		var a atomic.Bool
		p.say(a.Load(), " ", a.Swap(true), " ", a.CompareAndSwap(false, true), " ", a.CompareAndSwap(true, false), " ", a.Load())
		a.Store(true)
		p.say(a.Load())
	})
	add("atomic, Value", func(p *play) {
		var a atomic.Value
		p.say(a.Load() == nil)
		p.say(a.CompareAndSwap(1, 2), " ", a.Load() == nil)
		p.say(a.CompareAndSwap(nil, 2), " ", a.Load())
		p.say(a.CompareAndSwap(nil, 9), " ", a.Swap(3), " ", a.Load())
		p.say(a.CompareAndSwap(2, 4), " ", a.CompareAndSwap(3, 5), " ", a.Load())
		a.Store(6)
		p.say(a.Load())
	})
	add("atomic, Pointer", func(p *play) {
		var a atomic.Pointer[int]
		x, y, twin := new(int), new(int), new(int)
		p.say(a.Load() == nil, " ", a.Swap(x) == nil, " ", a.Load() == x)
		p.say(a.CompareAndSwap(twin, y), " ", a.CompareAndSwap(x, y), " ", a.Load() == y)
		a.Store(nil)
		p.say(a.CompareAndSwap(nil, x), " ", a.Load() == x)
	})
}
