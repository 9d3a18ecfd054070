package operating_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// graves are dead-letter queues in memory: what is received is hidden until it is returned.
type graves struct {
	letters map[queue.Name][]operating.Letter
	hidden  map[string]bool
	sent    []string // role, body, times
	full    bool     // nothing can be sent
	stuck   bool     // nothing can be removed
}

func (g *graves) Count(_ context.Context, of queue.Name) (waiting, hidden int, err error) {
	for _, l := range g.letters[of] {
		if g.hidden[l.ID] {
			hidden++
		}
	}
	return len(g.letters[of]) - hidden, hidden, nil
}

func (g *graves) Exhume(_ context.Context, of queue.Name, n int, _ time.Duration) (out []operating.Letter, err error) {
	for _, l := range g.letters[of] {
		if len(out) < min(n, 2) && !g.hidden[l.ID] { // SQS gives fewer than asked for
			g.hidden[l.ID] = true
			out = append(out, l)
		}
	}
	return out, nil
}

func (g *graves) Return(_ context.Context, _ queue.Name, l operating.Letter) error {
	delete(g.hidden, l.ID)
	return nil
}

func (g *graves) Remove(_ context.Context, of queue.Name, l operating.Letter) error {
	if g.stuck {
		return errors.New("away")
	}
	g.letters[of] = slices.DeleteFunc(g.letters[of], func(x operating.Letter) bool { return x.ID == l.ID })
	return nil
}

func (g *graves) Resend(_ context.Context, to queue.Name, body, group string, times int) error {
	if g.full {
		return errors.New("full")
	}
	g.sent = append(g.sent, strings.Join([]string{string(to), group, body[:min(len(body), 9)], string(rune('0' + times))}, " "))
	return nil
}

// SendBatch implements queue.BatchSender.
func (g *graves) SendBatch(_ context.Context, messages []queue.Outgoing) []error {
	for _, m := range messages {
		g.sent = append(g.sent, string(m.To)+" "+m.Envelope.Type+" "+m.Envelope.ID)
	}
	return make([]error, len(messages))
}

type announcer struct{ *booking.Reteller }

func (a announcer) Announce(ctx context.Context, tenant string, mode ship.Mode, id string) (int, error) {
	n, err := a.Reteller.Announce(ctx, tenant, mode, id)
	if errors.Is(err, booking.ErrNotFound) {
		err = operating.ErrGone
	}
	return n, err
}

func (r *room) sexton(g *graves) *operating.Sexton {
	if g.hidden == nil {
		g.hidden = map[string]bool{}
	}
	return &operating.Sexton{Graves: g, Now: r.clock, Log: slog.New(slog.DiscardHandler),
		Announcer: announcer{&booking.Reteller{Reader: r.Store, Past: r.Store, Sender: g, Now: r.clock, Times: booking.StandardTimes()}}}
}

func letter(id, body, reason string, again int) operating.Letter {
	return operating.Letter{ID: id, Body: body, Reason: reason, Again: again}
}

func TestDeadLetters(t *testing.T) {
	r := newRoom(t)
	good, err := queue.Encode(queue.Envelope{ID: "shp_1#1", Tenant: "tn_1", Mode: ship.Test, Shipment: "shp_1", Version: 1, Type: "book"})
	if err != nil {
		t.Fatal(err)
	}
	lying := func() *graves {
		return &graves{letters: map[queue.Name][]operating.Letter{queue.Standard: {letter("a", good, "", 0), letter("b", "junk", "not an envelope", 1), letter("c", good, "no such shipment", 2)}}}
	}
	run := func(t *testing.T, g *graves, in operating.LettersRequest) operating.LettersAnswer {
		t.Helper()
		in.Caller = ada
		out, err := r.sexton(g).Letters(r.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Run("without a queue all are counted", func(t *testing.T) {
		if out := run(t, lying(), operating.LettersRequest{}); len(out.Counts) != len(queue.Roles()) || len(out.Letters) != 0 {
			t.Errorf("%+v", out)
		}
	})
	t.Run("to look leaves all where it is", func(t *testing.T) {
		g := lying()
		out := run(t, g, operating.LettersRequest{Queue: queue.Standard})
		if len(out.Letters) != 3 || len(g.letters[queue.Standard]) != 3 || len(g.hidden) != 0 || len(g.sent) != 0 {
			t.Errorf("%+v", out)
		}
		if a := out.Letters[0]; a.Shipment != "shp_1" || !strings.Contains(a.Reason, "received too often") {
			t.Errorf("%+v", a)
		}
	})
	t.Run("what another look hides is counted", func(t *testing.T) {
		g := lying()
		g.hidden = map[string]bool{"a": true, "c": true}
		if out := run(t, g, operating.LettersRequest{Queue: queue.Standard}); len(out.Letters) != 1 || out.Unseen != 2 {
			t.Errorf("%+v", out)
		}
		if out := run(t, lying(), operating.LettersRequest{Queue: queue.Standard, Most: 1}); len(out.Letters) != 1 || out.Unseen != 0 {
			t.Errorf("asked for one: %+v", out)
		}
	})
	t.Run("sent again they go to their source, and what came back twice stays with its reason", func(t *testing.T) {
		g := lying()
		out := run(t, g, operating.LettersRequest{Queue: queue.Standard, Redrive: true})
		if diff := cmp.Diff([]string{"standard tn_1 {\"id\":\"sh 1", "standard  junk 2"}, g.sent); diff != "" {
			t.Error(diff)
		}
		if out.Sent != 2 || out.Left != 1 || len(g.letters[queue.Standard]) != 1 || !strings.Contains(out.Letters[2].Left, "came back") || out.Letters[2].Reason != "no such shipment" || len(g.hidden) != 2 {
			t.Errorf("%+v, hidden %v", out, g.hidden)
		}
	})
	t.Run("what came back while the call goes on is not sent once more by it", func(t *testing.T) {
		g := lying()
		back := letter("back", good, "no such shipment", 1)
		back.At = r.at.Add(time.Millisecond)
		g.letters[queue.Standard] = append(g.letters[queue.Standard][:1], back)
		if out := run(t, g, operating.LettersRequest{Queue: queue.Standard, Redrive: true}); out.Sent != 1 || len(g.letters[queue.Standard]) != 1 || g.hidden["back"] {
			t.Errorf("%+v, hidden %v", out, g.hidden)
		}
	})
	t.Run("unless it is forced", func(t *testing.T) {
		g := lying()
		if out := run(t, g, operating.LettersRequest{Queue: queue.Standard, Redrive: true, Force: true}); out.Sent != 3 || len(g.letters[queue.Standard]) != 0 {
			t.Errorf("%+v", out)
		}
	})
	t.Run("what can't be sent is not removed, and what can't be removed was sent", func(t *testing.T) {
		g := lying()
		g.full = true
		if out := run(t, g, operating.LettersRequest{Queue: queue.Standard, Redrive: true}); out.Sent != 0 || len(g.letters[queue.Standard]) != 3 {
			t.Errorf("%+v", out)
		}
		g = lying()
		g.stuck = true
		if out := run(t, g, operating.LettersRequest{Queue: queue.Standard, Redrive: true, Most: 2}); out.Sent != 2 || len(g.letters[queue.Standard]) != 3 {
			t.Errorf("%+v", out)
		}
	})
	t.Run("what is wrong is refused", func(t *testing.T) {
		for _, in := range []operating.LettersRequest{{Caller: ada, Queue: "mail"}, {Caller: ada, Redrive: true}, {Caller: operating.Caller{By: "ada"}, Queue: queue.Bulk, Redrive: true}, {Caller: ada, Queue: queue.Bulk, Most: 101}} {
			if _, err := r.sexton(lying()).Letters(r.ctx, in); !isRefused(err) {
				t.Errorf("%+v: %v", in, err)
			}
		}
	})
}

// A record that the relay could not read is announced from the table: its work, and the events of its history.
func TestRelaysDeadLetters(t *testing.T) {
	r := newRoom(t)
	booked, pending := r.booked("tn_1", "a", "1Z1"), r.pending("tn_1", "b")
	record := func(id, pk string) operating.Letter {
		return letter(id, `{"event_id":"e","sequence_number":"1","keys":{"pk":{"S":"`+pk+`"}}}`, "a stream record without a new image", 0)
	}
	g := &graves{letters: map[queue.Name][]operating.Letter{queue.Relay: {record("a", "tn_1#test#"+booked.ID), record("b", "tn_1#test#"+pending.ID), record("c", "tn_1#test#shp_gone"), letter("d", "junk", "x", 0)}}}
	out, err := r.sexton(g).Letters(r.ctx, operating.LettersRequest{Caller: ada, Queue: queue.Relay, Redrive: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"events shipment.booked " + booking.EventID("tn_1", ship.Test, booked.ID, booked.Version, "shipment.booked"), "standard book " + pending.ID + "#1"}
	if diff := cmp.Diff(want, g.sent); diff != "" {
		t.Error(diff)
	}
	if out.Sent != 3 || out.Left != 1 || !strings.Contains(out.Letters[2].Did, "not in the table") || !strings.Contains(out.Letters[3].Left, "names no item") {
		t.Errorf("%+v", out)
	}
}
