//! [`Peers`]: where to expect those whom a select waits for.
//!
//! Most channels of a select have peers that are slow, or done for good, and where those were once seen says nothing of who will
//! come: who waits awake for a thread on another CPU is in the way of one on its own, which may be all that is left. So what a
//! select has asked for is forgotten, and if there is nothing new, or different CPUs, it waits as for an unknown peer.

use gosync_atomic::__sys::Cpu;

/// Where peers were seen since the last select that asked: on one CPU, or nowhere in particular.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Peers {
    #[default]
    Nowhere,
    On(Cpu),
    Apart,
}

impl Peers {
    pub(super) fn note(&mut self, seen: Cpu) {
        *self = match *self {
            before if seen == Cpu::UNKNOWN => before,
            Peers::Nowhere => Peers::On(seen),
            Peers::On(cpu) if cpu == seen => Peers::On(cpu),
            Peers::On(_) | Peers::Apart => Peers::Apart,
        }
    }

    pub(super) fn cpu(self) -> Cpu {
        match self {
            Peers::On(cpu) => cpu,
            Peers::Nowhere | Peers::Apart => Cpu::UNKNOWN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_place_counts() {
        let here = Cpu::current();
        let mut peers = Peers::default();
        assert_eq!(peers.cpu(), Cpu::UNKNOWN);
        for seen in [Cpu::UNKNOWN, here, Cpu::UNKNOWN, here] {
            peers.note(seen);
        }
        assert_eq!(peers.cpu(), here);
        assert_eq!(Peers::Apart.cpu(), Cpu::UNKNOWN);
        let mut apart = Peers::Apart;
        apart.note(here);
        assert_eq!(apart.cpu(), Cpu::UNKNOWN, "the others are elsewhere");
    }
}
