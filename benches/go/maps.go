package main

import (
	"strconv"
	"strings"
	"sync"
)

// Keys of a map, and how seldom a load-mostly run stores.
const (
	mapKeys   = 1024
	mapStores = 100
)

// The row of a name as `map.load.t02`: a shape and the number of goroutines. nil if there is none.
func findMap(name string) run {
	rest, found := strings.CutPrefix(name, "map.")
	if !found {
		return nil
	}
	shape, digits, several := strings.Cut(rest, ".t")
	goroutines := 1
	if several {
		var err error
		if goroutines, err = strconv.Atoi(digits); err != nil {
			return nil
		}
	}
	switch shape {
	case "load", "hot", "store", "mostly", "churn":
		return func(n int) sample { return maps(shape, goroutines, n) }
	}
	return nil
}

// Goroutines and a `sync.Map`.
func maps(shape string, goroutines, n int) sample {
	var m sync.Map
	for key := range uint64(mapKeys) {
		m.Store(key, key)
	}
	var all sync.WaitGroup
	all.Add(goroutines)
	meter := startMeter()
	for g := range uint64(goroutines) {
		go func() {
			defer all.Done()
			mapWork(&m, shape, uint64(goroutines), g, uint64(n/goroutines))
		}()
	}
	all.Wait()
	return meter.stop()
}

func mapWork(m *sync.Map, shape string, goroutines, g, n uint64) {
	key := func(i uint64) uint64 { return (i + g*97) * 7 % mapKeys }
	sum := 0
	load := func(key uint64) {
		if _, ok := m.Load(key); ok {
			sum++
		}
	}
	for i := range n {
		switch shape {
		case "load":
			load(key(i))
		case "hot":
			load(1)
		case "store":
			m.Store(key(i), i)
		case "mostly":
			if i%mapStores == 0 {
				m.Store(key(i), i)
			} else {
				load(key(i))
			}
		case "churn":
			own := mapKeys + i%mapKeys*goroutines + g
			m.Store(own, i)
			load(own)
			m.Delete(own)
		}
	}
	sink.Add(int64(sum))
}
