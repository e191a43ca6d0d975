package main

import "sync"

func init() {
	add("rwmutex, try", func(p *play) {
		var m sync.RWMutex
		p.say(m.TryRLock(), " ", m.TryRLock(), " ", m.TryLock())
		m.RUnlock()
		m.RUnlock()
		p.say(m.TryLock(), " ", m.TryLock(), " ", m.TryRLock())
		m.Unlock()
		p.say(m.TryRLock())
	})
	add("rwmutex, a writer waits for the readers", func(p *play) {
		var m sync.RWMutex
		m.RLock()
		m.RLock()
		t := p.start(func() string { m.Lock(); return "locked" })
		m.RUnlock()
		p.see(t)
		m.RUnlock()
		p.see(t)
	})
	add("rwmutex, a writer that waits stops new readers", func(p *play) {
		var m sync.RWMutex
		m.RLock()
		writer := p.start(func() string { m.Lock(); return "locked" })
		p.say(m.TryRLock(), " ", m.TryLock())
		reader := p.start(func() string { m.RLock(); return "read" })
		p.see(writer, reader)
		m.RUnlock()
		p.see(writer, reader)
		m.Unlock()
		p.see(writer, reader)
	})
	add("rwmutex, readers that wait come before the next writer", func(p *play) {
		var m sync.RWMutex
		m.Lock()
		next := p.start(func() string { m.Lock(); return "locked" })
		readers := p.startAll(2, func(int) string { m.RLock(); return "read" })
		m.Unlock()
		p.see(readers...)
		p.see(next)
		m.RUnlock()
		p.see(next)
		m.RUnlock()
		p.see(next)
	})
	add("rwmutex, unlocked by another one", func(p *play) {
		var m sync.RWMutex
		m.Lock()
		p.see(p.start(func() string { m.Unlock(); m.RLock(); return "read" }))
		p.see(p.start(func() string { m.RUnlock(); return "unlocked" }))
		p.say(m.TryLock())
	})
	add("rwmutex, a read and then a lock of the same one", func(p *play) {
		p.see(p.start(func() string { var m sync.RWMutex; m.RLock(); m.Lock(); return "locked" }))
	})
	addDeath("rwmutex, unlocked when not locked", func() { new(sync.RWMutex).Unlock() })
	addDeath("rwmutex, unlocked when read", func() { var m sync.RWMutex; m.RLock(); m.Unlock() })
	addDeath("rwmutex, a read too many unlocked", func() { new(sync.RWMutex).RUnlock() })
	addDeath("rwmutex, a read unlocked when locked", func() { var m sync.RWMutex; m.Lock(); m.RUnlock() })
}
