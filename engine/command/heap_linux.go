package command

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// hugePages makes the next n bytes of the heap ones that the kernel maps 2 MiB at a time. A configuration of 1,000 blocks
// takes some 10,000 pages of the usual 4 KiB, and a quarter of what reading it costs would be spent on faulting them in one
// by one. Go's own heap never asks for this, so a slab is allocated, marked and given back: the allocator serves what is
// needed next from there, lowest address first, and what is never touched is never mapped. Kernels that do not know the
// advice, or were told never to follow it, ignore it. Only while nothing has been read: the collection that gives the slab
// back takes as long as the heap is large.
func hugePages(n int64) {
	advise(n)
	runtime.GC()
}

// advise is not inlined, so that no slot of its caller's frame still holds the slab when it is collected.
//
//go:noinline
func advise(n int64) {
	_ = unix.Madvise(make([]byte, n), unix.MADV_HUGEPAGE)
}
