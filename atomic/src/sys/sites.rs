//! Sites: the places whose removal a model must notice.
//!
//! `ord!("crate.place", Acquire)` is an ordering; `step!("crate.place", expr)` an action such as a wake-up, and
//! `step!("crate.place", expr, else other)` a value such as a re-check. Natively they are the plain constant and the
//! plain expression. In a model one named site can be weakened for the whole process by the environment variable
//! `GOSYNC_MUTANT`: `site=Relaxed` (or any other ordering) replaces the ordering, `site=skip` leaves the action out or
//! takes `other`. A suite that still passes then has not shown that the site matters. Names are unique: the mutant
//! runner reads them from the sources, so that a site which no model reaches is found too.

#[cfg(not(any(gosync_loom, gosync_shuttle)))]
mod plain {
    /// An ordering, as a named site.
    #[macro_export]
    #[doc(hidden)]
    macro_rules! __ord {
        ($site:literal, $order:ident) => {
            ::core::sync::atomic::Ordering::$order
        };
    }

    /// An action or a check, as a named site.
    #[macro_export]
    #[doc(hidden)]
    macro_rules! __step {
        ($site:literal, $expr:expr, else $other:expr) => {
            $expr
        };
        ($site:literal, $expr:expr) => {
            $expr
        };
    }
}

#[cfg(any(gosync_loom, gosync_shuttle))]
pub mod weakened {
    //! The switch behind the macros.

    // All of this is std on purpose: it must stay invisible to the model checker.
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, OnceLock, PoisonError};

    /// An ordering, as a named site.
    #[macro_export]
    #[doc(hidden)]
    macro_rules! __ord {
        ($site:literal, $order:ident) => {{
            static SITE: $crate::__sys::sites::weakened::Site = $crate::__sys::sites::weakened::Site::new($site);
            SITE.ordering(::core::sync::atomic::Ordering::$order)
        }};
    }

    /// An action or a check, as a named site.
    #[macro_export]
    #[doc(hidden)]
    macro_rules! __step {
        ($site:literal, $expr:expr, else $other:expr) => {{
            static SITE: $crate::__sys::sites::weakened::Site = $crate::__sys::sites::weakened::Site::new($site);
            if SITE.is_kept() { $expr } else { $other }
        }};
        ($site:literal, $expr:expr) => {{
            static SITE: $crate::__sys::sites::weakened::Site = $crate::__sys::sites::weakened::Site::new($site);
            if SITE.is_kept() {
                $expr
            }
        }};
    }

    static REACHED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

    /// The sites that this process has come by.
    pub fn reached() -> BTreeSet<&'static str> {
        REACHED.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn mutant() -> Option<&'static (String, String)> {
        static MUTANT: OnceLock<Option<(String, String)>> = OnceLock::new();
        MUTANT
            .get_or_init(|| {
                let text = std::env::var("GOSYNC_MUTANT").ok()?;
                let (site, how) = text.split_once('=').expect("GOSYNC_MUTANT is `site=how`");
                Some((site.to_owned(), how.to_owned()))
            })
            .as_ref()
    }

    /// A site. It looks up its name until it is known not to be the one that is weakened: models come by in every execution.
    #[derive(Debug)]
    pub struct Site {
        name: &'static str,
        is_plain: AtomicBool,
    }

    impl Site {
        /// A site that nobody has come by.
        #[must_use]
        pub const fn new(name: &'static str) -> Site {
            Site { name, is_plain: AtomicBool::new(false) }
        }

        fn weakening(&self) -> Option<&'static str> {
            if self.is_plain.load(Ordering::Relaxed) { None } else { self.look_up() }
        }

        #[cold]
        fn look_up(&self) -> Option<&'static str> {
            REACHED.lock().unwrap_or_else(PoisonError::into_inner).insert(self.name);
            let weakening = mutant().filter(|(name, _)| name == self.name).map(|(_, how)| how.as_str());
            self.is_plain.store(weakening.is_none(), Ordering::Relaxed);
            weakening
        }

        /// The ordering to use here.
        pub fn ordering(&self, shipped: Ordering) -> Ordering {
            match self.weakening() {
                None => shipped,
                Some("Relaxed") => Ordering::Relaxed,
                Some("Acquire") => Ordering::Acquire,
                Some("Release") => Ordering::Release,
                Some("AcqRel") => Ordering::AcqRel,
                Some(other) => panic!("GOSYNC_MUTANT: `{other}` is no weaker ordering"),
            }
        }

        /// Whether what stands here is to be carried out.
        pub fn is_kept(&self) -> bool {
            match self.weakening() {
                None => true,
                Some("skip") => false,
                Some(other) => panic!("GOSYNC_MUTANT: a step can only be skipped, not `{other}`"),
            }
        }
    }
}
