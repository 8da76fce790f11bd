// Package sources says what a place to crawl is: the Source interface, the
// items it lists, the audience of an item, and the errors that tell "left out"
// from "could not be read".
//
// This package knows the vocabulary that every connector shares. It does not
// know any connector, any detector, or what is done with the bytes.
package sources

import (
	"context"
	"io"
	"iter"
	"time"
)

// Source is a place to crawl: one directory tree, one file server, one chat
// workspace. It only reads. All methods may be called concurrently.
//
// No error, item, audience or log of a Source holds the Source's own
// credentials.
type Source interface {
	Info() Info

	// Containers lists the parts that are crawled and checkpointed as one.
	// The iterator rule holds: an error together with a container is about
	// that container and iteration goes on; an error with a zero Container
	// ends the sequence.
	Containers(ctx context.Context) iter.Seq2[Container, error]

	// Items lists a container's items in a stable order, beginning after the
	// item that carried the cursor ("" is the start). It may repeat items; it
	// never skips one. The iterator rule holds: an error with an Item (its ID
	// and Path are set) is about that item, and iteration goes on; an error
	// with a zero Item ends the sequence. An error that wraps ErrSkipped
	// means left out by rule.
	//
	// An Item that has nothing but a Cursor, without error, moves the cursor
	// on: after a page of nothing, or as the last thing of a listing to say
	// where the next one begins (see Container.Changes). An error with a zero
	// Item that wraps ErrExpired says that after is worth nothing any more:
	// the caller lists from the start.
	Items(ctx context.Context, c Container, after Cursor) iter.Seq2[Item, error]

	// Item finds again what Items listed, without listing. It returns an
	// error that wraps ErrGone when the item is no longer there.
	Item(ctx context.Context, ref Ref) (Item, error)

	// Open reads n bytes from off; n < 0 reads to the end. If it.Version is
	// set and differs from what is there now, the error wraps ErrChanged.
	// off must be 0 unless it.Ranges.
	Open(ctx context.Context, it Item, off, n int64) (Body, error)

	// Audience says who can read the item, as of now. It never guesses
	// smaller: what cannot be found out goes to Audience.Unresolved.
	Audience(ctx context.Context, it Item) (Audience, error)

	// Close releases what the Source holds. No other call may follow.
	Close() error
}

// Info describes a Source. Name is stable between runs: it is part of every
// Ref and checkpoint.
type Info struct {
	Name    string   // for example file:///srv/share
	Type    string   // "local", "stdin", …
	Title   string   // what a person calls it
	Hosts   []string // hosts that will be contacted, host:port
	Streams int      // opens that are worth running in parallel; 0 means no opinion
	Once    bool     // can be read only once (standard input): no resume, no reopening
	Looks   bool     // Item tells an Attr that listings leave out, for much less than opening
	Ordered bool     // lists what is likely to hold a credential first by itself
	Notes   []string // what a reader must know about the whole source, e.g. "exported by SMB as [share]"
}

// Container is a part of a source that is crawled and checkpointed as one.
type Container struct {
	ID   string // stable within its source
	Name string // what a person calls it

	// Changes says that the last cursor of a listing that came to its end is
	// a change token: Items after it yields what was changed or added since,
	// and an item that was taken away as (Item{ID: …}, ErrGone). What it does
	// not yield is unchanged.
	Changes bool

	// Ahead says that it shows some of what other containers list as well,
	// because that is likely to hold a credential: it is read first, and counts
	// nothing. Its items name the containers that they belong to. Containers that
	// are ahead come before all others.
	Ahead bool
}

// Cursor is an opaque string from the source: "resume after this item".
type Cursor string

// Ref finds an item again without listing.
type Ref struct {
	Source    string `json:"source"`
	Container string `json:"container"`
	Item      string `json:"item"`
}

// Item is one thing with bytes, a version and an audience.
type Item struct {
	Container string // ID of the container that it belongs to
	ID        string // stable within its container
	Path      string // as a person reads it; raw bytes of the source, may be hostile
	Link      string // where a person opens it; "" when there is no such thing
	Attr      Attr   // what the listing told for free; an empty Version means "ask Body.Attr"
	Author    string // who put it there, as the source names them; "" unknown
	Left      bool   // the author is a leaver: the account is deactivated, or there is none any more
	Cursor    Cursor // resume after this item
	Ranges    bool   // opening at an offset is cheap
	Inline    []byte // bytes that the listing already delivered; never recorded

	// At names the place of an offset (chat: a message); nil means line and
	// column. It is called when a body of the item has been read.
	At func(off int64) Spot

	Own any // what the source carries along from its listing; nobody else looks at it
}

// Attr is what a source knows of an item's bytes without reading them.
type Attr struct {
	Size    int64 // bytes; -1 unknown
	ModTime time.Time
	Version string // changes when the bytes do; "" cannot tell
	Author  string // overrides Item.Author when set, and Left with it
	Left    bool

	// Fresh says that the bytes changed so lately that they might change again
	// without another Version: clocks of file systems are coarse.
	Fresh bool
}

// Body reads an opened item. It belongs to one goroutine.
type Body interface {
	io.ReadCloser

	// Attr says how the item stood when it was opened. It costs no call to
	// the source.
	Attr() Attr

	// Changed reports whether the bytes may have changed since the item was
	// opened. A caller that asks after its last read knows whether it read one
	// version or a splice of two.
	Changed() (bool, error)
}

// Spot is a place inside a stream as a person names it. Exactly what is known
// is set.
type Spot struct {
	Line   int       // from 1; 0 unknown
	Column int       // in bytes, from 1; 0 unknown
	Name   string    // a cell, page or message; "" none
	Author string    // who wrote it, where that differs from the item's author
	Left   bool      // that author is a leaver
	Time   time.Time // when, where that differs from the item's time
	Link   string
	Item   string // ID under which Source.Item finds this place, where it is less than the item: a message; "" is the item
}
