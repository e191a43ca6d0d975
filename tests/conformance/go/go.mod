module conformance

go 1.27

require golang.org/x/sync v0.0.0

// What Go itself keeps of it: ../run copies that.
replace golang.org/x/sync => ./xsync
