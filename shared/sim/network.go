package sim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"time"
)

// This file is the network between the platform and the outside: net.Pipe under the real http.Transport, so that the
// rules of evidence (what was written, what was read) are really exercised.

// errRefused is a connection that nobody accepts.
var errRefused = errors.New("connection refused")

// dialer connects a process with a host.
func (w *World) dialer(in *instance, host string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		t := taskOf(ctx)
		if host != shipper {
			c := &call{in: in, task: t.name, port: CarrierDial, what: "dial " + host}
			c.then = func() {
				f := w.strike(CarrierDial)
				if !w.own(c, f, func() { c.release(nil) }) {
					return
				}
				switch f {
				case CrashAfter:
					w.noteCall(c, f)
					w.kill(in, "crashed after connecting")
				case DropBefore:
					w.noteCall(c, f)
					c.release(errRefused)
				default:
					c.release(nil)
				}
			}
			if err := w.park(ctx, c); err != nil {
				return nil, err
			}
		}
		ours, theirs := net.Pipe()
		w.mu.Lock()
		w.connections++
		number := w.connections
		dead := in.dead
		in.conns = append(in.conns, ours)
		w.pipes = append(w.pipes, ours, theirs)
		w.mu.Unlock()
		if dead {
			ours.Close()
			return nil, errDead
		}
		arrived := &atomic.Bool{}
		w.rules.connected(t.name, arrived)
		go w.serve(theirs, in, host, number, arrived)
		return ours, nil
	}
}

// exchange is one request at its host, and the answer in the making.
type exchange struct {
	in     *instance
	host   string
	ref    string // our reference, when only the number it names tells; see named
	req    *http.Request
	body   []byte
	lease  time.Time // end of the lease, in true time, that the request was sent under
	came   time.Time // when it arrived
	call   *call
	answer []byte // nil: the connection breaks
	broken bool   // it breaks after the answer
}

// serve reads requests from a connection and writes what the driver answers. A host forgets connections that were idle
// for long, each after a time of its own, and does not say so: what is sent on one after that goes nowhere.
func (w *World) serve(c net.Conn, in *instance, host string, number int64, arrived *atomic.Bool) {
	defer c.Close()
	r := bufio.NewReader(c)
	patience := time.Duration(4+number*7%57) * time.Second
	for {
		since := time.Now()
		if _, err := r.Peek(1); err != nil || time.Since(since) > patience {
			return
		}
		arrived.Store(true)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		x := &exchange{in: in, host: host, ref: w.rules.named(req, portAt(host, req, body)), req: req, body: body}
		w.rules.arrived(x, portAt(host, req, body))
		x.call = &call{task: in.name, port: portAt(host, req, body), what: host + " " + req.Method + " " + req.URL.Path + " " + x.about()}
		x.call.then = func() { w.exchange(x) }
		if w.park(context.Background(), x.call) != nil || x.answer == nil {
			return
		}
		if _, err := c.Write(x.answer); err != nil || x.broken {
			return
		}
	}
}

// reply answers an exchange with what a handler wrote; cut leaves out so many bytes of the end, and the connection breaks.
func (w *World) reply(x *exchange, rec *httptest.ResponseRecorder, cut ...int) {
	resp := rec.Result()
	resp.ProtoMajor, resp.ProtoMinor = 1, 1
	resp.ContentLength = int64(rec.Body.Len())
	var raw bytes.Buffer
	if err := resp.Write(&raw); err != nil {
		panic("an answer that can't be written: " + err.Error())
	}
	x.answer = raw.Bytes()
	for _, n := range cut {
		x.answer, x.broken = x.answer[:len(x.answer)-n], true
	}
	w.hand(x)
}

// status answers an exchange with an error that no carrier documents.
func (w *World) status(x *exchange, code int) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Content-Type", "text/html")
	rec.WriteHeader(code)
	_, _ = rec.WriteString("<html><body>out of order</body></html>")
	w.reply(x, rec)
}

// drop breaks the connection.
func (w *World) drop(x *exchange) {
	x.answer = nil
	w.hand(x)
}

// hand gives an answer to its process, which reads it after its thaw when it stands still.
func (w *World) hand(x *exchange) {
	if wait := time.Until(x.in.frozen); wait > 0 && !x.in.dead {
		w.after(wait+w.between(0, 50*time.Millisecond), func() { w.hand(x) })
		return
	}
	x.call.release(nil)
}

// ours matches our reference at a carrier.
var ours = regexp.MustCompile(`[a-z2-7]{26}`)

// reference is the shipment a request is about, "" for none.
func (x *exchange) reference() string {
	if x.ref != "" {
		return x.ref
	}
	if m := ours.FindString(x.req.URL.RequestURI()); m != "" {
		return m
	}
	return string(ours.Find(x.body))
}

// about tells one request from another: a connection may serve whoever of its process comes first.
func (x *exchange) about() string {
	if x.host == shipper {
		return x.req.Header.Get("webhook-id")
	}
	return x.reference()
}

// exchange decides what becomes of a request, in the driver's turn.
func (w *World) exchange(x *exchange) {
	if x.host == shipper {
		w.callback(x)
		return
	}
	port, c := x.call.port, w.carriers[x.host]
	x.lease, x.came = w.rules.lease(x), time.Now()
	if port == CarrierFind && x.host == silent {
		w.rules.broken(RuleAsked, x.reference(), "%s was asked", x.host)
	}
	if (w.Limit > 0 || w.Storms) && w.weather(x, c) {
		return
	}
	f := w.strike(port)
	if f == "" && (c.stormy(time.Now()) || c.revoked(x)) && port != CarrierLogin {
		w.reply(x, c.fail(x, Storm))
		return
	}
	if f != "" {
		w.noteCall(x.call, f)
	}
	switch f {
	case CrashBefore, DropBefore, Throttle, Refusal, ErrorBefore, Empty, Storm:
		w.undone(x, c, f)
	case LateExecution:
		w.late(x)
	case Delay:
		wait := w.between(time.Second, 40*time.Second)
		if w.rand.IntN(2) == 0 { // the answer takes its time, and is out of date when it arrives
			rec := w.act(x, w.lag(x))
			w.after(wait, func() { w.reply(x, rec) })
			return
		}
		w.after(wait, func() { w.reply(x, w.act(x, w.lag(x))) })
	default:
		w.done(x, c, f, w.act(x, w.lag(x)))
	}
}

// undone are the faults that strike before anything is done.
func (w *World) undone(x *exchange, c *host, f Fault) {
	switch f {
	case CrashBefore:
		w.kill(x.in, "crashed while calling "+x.host)
		w.drop(x)
	case DropBefore:
		w.drop(x)
	default:
		if f == Storm {
			c.storm = time.Now().Add(30 * time.Second)
		}
		w.rules.refused(x, f)
		w.reply(x, c.fail(x, f))
	}
}

// done answers, well or badly, a request that was carried out.
func (w *World) done(x *exchange, c *host, f Fault, rec *httptest.ResponseRecorder) {
	switch f {
	case CrashAfter:
		w.kill(x.in, "crashed while "+x.host+" answered")
		w.drop(x)
	case DropAfter:
		w.drop(x)
	case ErrorAfter:
		w.status(x, 503)
	case EmptyAfter:
		w.reply(x, httptest.NewRecorder())
	case Truncated:
		w.reply(x, rec, rec.Body.Len()/2)
	case Slow:
		w.after(45*time.Second, func() { w.reply(x, rec) })
	case Freeze:
		w.freeze(x.in)
		w.reply(x, rec)
	case SoftRotation, HardRotation:
		c.rotate(f == SoftRotation)
		w.reply(x, rec)
	default:
		w.reply(x, rec)
	}
}

// late breaks the connection, or lets the caller wait, and acts long after.
func (w *World) late(x *exchange) {
	if x.call.port == CarrierVoid {
		w.lateVoid(x)
		w.leave(x)
		return
	}
	lag := time.Duration(0)
	most := w.settling(x)
	delay := w.within(most)
	if w.chance(CarrierBook, LookupLag) {
		lag = w.within(most - delay)
	}
	if w.Beyond && w.rand.IntN(2) == 0 {
		delay += w.between(time.Minute, 4*time.Hour)
	}
	w.after(delay, func() { w.act(x, lag) })
	w.leave(x)
}

// leave answers a request never: the connection breaks, or stays until the caller has left.
func (w *World) leave(x *exchange) {
	if w.rand.IntN(2) == 0 {
		w.drop(x)
		return
	}
	w.after(2*time.Minute, func() { w.drop(x) })
}

// lag is how long a booking is hidden from look-ups.
func (w *World) lag(x *exchange) time.Duration {
	if x.call.port != CarrierBook || !w.chance(CarrierBook, LookupLag) {
		return 0
	}
	lag := w.within(w.settling(x))
	if w.Beyond && w.rand.IntN(2) == 0 {
		lag += w.between(time.Minute, 4*time.Hour)
	}
	return lag
}

// within draws a time up to a limit. Every third is close to the limit, for that is where a guard is met.
func (w *World) within(limit time.Duration) time.Duration {
	if w.rand.IntN(3) == 0 {
		return limit - w.between(0, limit/10)
	}
	return w.between(0, limit)
}

// settling is how long, from now, a booking may take to be made and to be seen: the carrier's settling time counts from
// the end of the sender's lease.
func (w *World) settling(x *exchange) time.Duration {
	return max(time.Until(x.lease)+settleS*time.Second, time.Second)
}

// settleS is the settling time of the carriers in a run, in seconds, as UPS's carrier.json has it.
const settleS = 300
