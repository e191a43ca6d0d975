# Makes a Go package of every Go program of a document: of the Go blocks of Markdown, and of the `GO` constants of the tour.
# A program that is not a file's declarations only is put into a function. What it takes from a context that is not shown
# stands in front of it in lines `go: DECLARATION`, in a comment. Imports follow from what is used.
#
# Takes -v out=FOLDER. Prints a line per program: what it is called, and where it stands.

BEGIN {
    split("context errors fmt runtime sync testing time sync/atomic " \
        "golang.org/x/sync/errgroup golang.org/x/sync/semaphore golang.org/x/sync/singleflight", packages, " ")
}

function fail(why) {
    print FILENAME ":" FNR ": " why > "/dev/stderr"
    failed = 1
    exit 1
}

function finish(    name, file, i, parts, path, all) {
    name = FILENAME
    gsub(/^.*\/|\.[a-z]*$/, "", name)
    name = name "_" start
    system("mkdir -p '" out "/" name "'")
    file = out "/" name "/block.go"
    all = context code
    print "package block\n" > file
    for (i in packages) {
        path = packages[i]
        sub(/^.*\//, "", path)
        if (all ~ ("(^|[^A-Za-z0-9_.])" path "\\.[A-Z]")) print "import \"" packages[i] "\"" > file
    }
    print "\n" context > file
    if (!statements) print "//line " FILENAME ":" start + 1 "\n" code > file
    else print "func _() {\n//line " FILENAME ":" start + 1 "\n" code "}" > file
    close(file)
    print name, FILENAME ":" start
    context = ""
}

!within && /go: / && /^(<!--|\/\/) / {
    sub(/^.*go: /, "")
    sub(/ -->$/, "")
    context = context $0 "\n"
    next
}
# The next block after one in Go is its twin in Rust.
!within && /^```./ || /^pub\(crate\) const GO: / {
    if (twin && $0 !~ /^```rust$/) fail("the Go block of line " twin " has no Rust block behind it")
    twin = 0
    if ($0 !~ /^```go$|const GO/) next
    within = 1
    statements = 0
    start = FNR
    code = ""
    next
}
within && (/^```$/ || /^"#?;$/) {
    if (/^```$/) twin = start
    within = 0
    finish()
    next
}
within {
    code = code $0 "\n"
    if ($0 !~ /^(func [A-Za-z]|var |const |type |\/\/|[\t)}]|$)/) statements = 1
}

END {
    if (failed) exit 1
    if (within) fail("a Go block has no end")
    if (twin) fail("the Go block of line " twin " has no Rust block behind it")
    if (context) fail("a context without its Go block: " context)
}
