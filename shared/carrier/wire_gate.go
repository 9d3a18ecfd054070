package carrier

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/shared/mutant"
)

// ErrSendByPassed is a gate's refusal: by the wall clock it was too late to send (another byte of) a request.
type ErrSendByPassed struct {
	SendBy, Now time.Time
	Partial     bool // bytes of the request had left before
}

// Error says how late it was, and whether part of the request had left.
func (e *ErrSendByPassed) Error() string {
	s := fmt.Sprintf("send-by passed %s ago", e.Now.Sub(e.SendBy).Round(time.Millisecond))
	if e.Partial {
		return s + ", part of the request had left"
	}
	return s + ", nothing of the request had left"
}

// errShut is what a write gets after its call is over.
var errShut = errors.New("the call is over")

// gate guards the one connection of a booking call. It counts the request bytes the connection took and refuses
// every byte after send-by or after the call.
type gate struct {
	sendBy time.Time
	now    func() time.Time

	closed atomic.Bool

	writing sync.Mutex // held while the connection takes bytes
	n       int64
	refusal error

	conns sync.Mutex // never held while something blocks
	raw   []net.Conn // under TLS; closing it ends a write that hangs
}

// open tells whether a byte may be sent now: nil, or *ErrSendByPassed.
func (g *gate) open() error {
	g.writing.Lock()
	defer g.writing.Unlock()
	return g.check()
}

func (g *gate) check() error {
	if g.closed.Load() {
		return errShut
	}
	if g.sendBy.IsZero() || mutant.On(mutant.NoSendBy) {
		return nil
	}
	// Without their monotonic readings: a VM that was frozen has a wall clock that jumped and a monotonic one
	// that stood still.
	if now, by := g.now().Round(0), g.sendBy.Round(0); now.After(by) {
		g.refusal = &ErrSendByPassed{SendBy: by, Now: now, Partial: g.n > 0}
		return g.refusal
	}
	return nil
}

// guard puts c, whose transport connection is raw, behind the gate.
func (g *gate) guard(raw, c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	g.conns.Lock()
	defer g.conns.Unlock()
	if g.closed.Load() {
		raw.Close()
		return nil, errShut
	}
	g.raw = append(g.raw, raw)
	return &gated{Conn: c, g: g}, nil
}

// shut ends the call: no byte leaves after it. It returns how many had, and the gate's refusal if it refused one.
func (g *gate) shut() (int64, error) {
	g.conns.Lock()
	g.closed.Store(true)
	for _, c := range g.raw {
		c.Close()
	}
	g.raw = nil
	g.conns.Unlock()
	g.writing.Lock() // a write that was under way has ended, for its connection is closed
	defer g.writing.Unlock()
	return g.n, g.refusal
}

// gated is a connection behind its gate. It embeds the interface, so that no ReadFrom of a TCP connection lets
// bytes past Write.
type gated struct {
	net.Conn
	g *gate
}

// Write lets p out if it is not too late. What it counts is exact: a TCP connection's count is what the kernel
// took, and a TLS connection's is whole records, for the peer can't read part of one.
func (c *gated) Write(p []byte) (int, error) {
	c.g.writing.Lock()
	defer c.g.writing.Unlock()
	if err := c.g.check(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	c.g.n += int64(n)
	return n, err
}
