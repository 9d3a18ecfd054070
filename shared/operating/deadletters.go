package operating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// Letter is a message on a dead-letter queue.
type Letter struct {
	ID      string
	Receipt string // of this receive
	Body    string
	Reason  string // none: it was received too often, each time with an error in the function's log
	Again   int    // how often it was sent again from here
	At      time.Time
}

// Graves are the dead-letter queues, by the role of their source.
type Graves interface {
	Count(ctx context.Context, of queue.Name) (waiting, hidden int, err error)
	// Exhume receives up to n messages and hides them from others for a while.
	Exhume(ctx context.Context, of queue.Name, n int, hide time.Duration) ([]Letter, error)
	Return(ctx context.Context, of queue.Name, l Letter) error
	Remove(ctx context.Context, of queue.Name, l Letter) error
	// Resend puts a body on a queue; times is how often it has been sent again by then.
	Resend(ctx context.Context, to queue.Name, body, group string, times int) error
}

// Announcer sends what the state of a shipment or a batch calls for, as the relay would have.
type Announcer interface {
	// Announce returns how many messages it sent; none is no error. ErrGone: there is no such item.
	Announce(ctx context.Context, tenant string, mode ship.Mode, id string) (int, error)
}

// ErrGone is an item that is not in the table any more.
var ErrGone = errors.New("it is not in the table any more")

// Sexton looks after the dead-letter queues.
type Sexton struct {
	Graves    Graves
	Announcer Announcer
	Now       func() time.Time
	Log       *slog.Logger
}

// LettersRequest asks for dead letters, or to send some of them again.
type LettersRequest struct {
	Caller
	Queue   queue.Name `json:"queue,omitempty"`   // the role of the source; none: the counts of all
	Redrive bool       `json:"redrive,omitempty"` // send them again
	Most    int        `json:"most,omitempty"`    // how many
	Force   bool       `json:"force,omitempty"`   // those too that came back twice
}

// Target implements Input.
func (r LettersRequest) Target() string { return string(r.Queue) }

// LetterCount is how many letters lie on a dead-letter queue, roughly.
type LetterCount struct {
	Queue   queue.Name `json:"queue"`
	Waiting int        `json:"waiting"`
	Hidden  int        `json:"hidden"` // somebody is reading them
}

// LetterView is a letter, and what became of it.
type LetterView struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"` // when it was first sent; of a buried one, when it was buried
	AgeS     int64     `json:"age_s"`
	Reason   string    `json:"reason"`
	Again    int       `json:"again,omitempty"`
	Tenant   string    `json:"tenant,omitempty"`
	Shipment string    `json:"shipment,omitempty"`
	Type     string    `json:"type,omitempty"`
	Body     string    `json:"body"`           // its head
	Did      string    `json:"did,omitempty"`  // with redrive
	Left     string    `json:"left,omitempty"` // why it stays where it is
}

// LettersAnswer is what lies on dead-letter queues.
type LettersAnswer struct {
	Counts  []LetterCount `json:"counts"`
	Letters []LetterView  `json:"letters"`
	Sent    int           `json:"sent"`
	Left    int           `json:"left"`
	Unseen  int           `json:"unseen,omitempty"` // roughly, of what was asked for: somebody is reading them, or just did
}

// Summary implements Told.
func (a LettersAnswer) Summary() (target, said string) {
	return "", fmt.Sprintf("%d letters, %d sent again, %d left", len(a.Letters), a.Sent, a.Left)
}

const (
	mostLetters = 100
	bodyHead    = 400
	twice       = 2               // what came back so often is not sent again by itself
	hidePeek    = 5 * time.Second // should it not be returned
	hideRedrive = 30 * time.Second
	received    = "received too often: the log of its function has the error of each time"
)

// Letters is redrive-dead-letters. A letter is sent first and removed then: whoever dies in between sends it twice, which
// is no harm, for a message is a hint and the condition of the write decides.
func (x *Sexton) Letters(ctx context.Context, in LettersRequest) (LettersAnswer, error) {
	most, err := bounded(in.Most, 10, mostLetters)
	if err != nil {
		return LettersAnswer{}, err
	}
	if in.Queue != "" && !slices.Contains(queue.Roles(), in.Queue) {
		return LettersAnswer{}, refuse("queue: %.40q is none; the queues are %s", in.Queue, roles())
	}
	if in.Redrive {
		if err := in.check(true); err != nil {
			return LettersAnswer{}, err
		}
		if in.Queue == "" {
			return LettersAnswer{}, refuse("queue: say whose dead letters are to be sent again: %s", roles())
		}
	}
	out := LettersAnswer{Letters: []LetterView{}}
	for _, name := range queue.Roles() {
		if in.Queue != "" && name != in.Queue {
			continue
		}
		n := LetterCount{Queue: name}
		if n.Waiting, n.Hidden, err = x.Graves.Count(ctx, name); err != nil {
			return out, err
		}
		out.Counts = append(out.Counts, n)
	}
	if in.Queue == "" {
		return out, nil
	}
	err = x.visit(ctx, in, most, &out)
	if lie := out.Counts[0].Waiting + out.Counts[0].Hidden; len(out.Letters) < most {
		out.Unseen = max(min(lie, most)-len(out.Letters), 0)
	}
	return out, err
}

func roles() string {
	var names []string
	for _, n := range queue.Roles() {
		names = append(names, string(n))
	}
	return strings.Join(names, ", ")
}

// visit reads letters, each once, and sends them again if that is asked. What stays is returned at the end, so that it does
// not come twice.
func (x *Sexton) visit(ctx context.Context, in LettersRequest, most int, out *LettersAnswer) error {
	hide, seen, began := hidePeek, map[string]bool{}, x.Now()
	if in.Redrive {
		hide = hideRedrive
	}
	var stay []Letter
	defer func() {
		for _, l := range stay {
			if err := x.Graves.Return(context.WithoutCancel(ctx), in.Queue, l); err != nil { // it comes back by itself
				x.Log.WarnContext(ctx, "dead letter not returned", "queue", in.Queue, "message", l.ID, "error", err)
			}
		}
	}()
	for len(seen) < most {
		letters, err := x.Graves.Exhume(ctx, in.Queue, most-len(seen), hide)
		if err != nil || len(letters) == 0 {
			return err
		}
		for _, l := range letters {
			if seen[l.ID] {
				return nil // its time was up before the others came: enough was read
			}
			seen[l.ID] = true
			if in.Redrive && l.At.After(began) { // buried since this call began: perhaps what it sent
				stay = append(stay, l)
				continue
			}
			v := x.view(l)
			if !in.Redrive {
				stay = append(stay, l)
			} else if v.Did, v.Left = x.redrive(ctx, in, l); v.Left != "" {
				stay, out.Left = append(stay, l), out.Left+1
			} else {
				out.Sent++
			}
			out.Letters = append(out.Letters, v)
		}
	}
	return nil
}

// view shows a letter.
func (x *Sexton) view(l Letter) LetterView {
	v := LetterView{ID: l.ID, At: l.At, AgeS: int64(x.Now().Sub(l.At) / time.Second), Reason: l.Reason, Again: l.Again, Body: clip(l.Body, bodyHead)}
	if v.Reason == "" {
		v.Reason = received
	}
	if e, err := queue.Decode(l.Body); err == nil {
		v.Tenant, v.Shipment, v.Type = e.Tenant, e.Shipment, e.Type
	}
	return v
}

// redrive sends a letter again and removes it. left is why it stays.
func (x *Sexton) redrive(ctx context.Context, in LettersRequest, l Letter) (did, left string) {
	if l.Again >= twice && !in.Force {
		return "", fmt.Sprintf("it was sent again %d times and came back; mend the cause first, or force it", l.Again)
	}
	if in.Queue == queue.Relay {
		did, left = x.relay(ctx, l)
	} else {
		e, _ := queue.Decode(l.Body) // what can't be read has no group
		if err := x.Graves.Resend(ctx, in.Queue, l.Body, e.Tenant, l.Again+1); err != nil {
			return "", "not sent: " + err.Error()
		}
		did = "sent to " + string(in.Queue)
	}
	if left != "" {
		return "", left
	}
	if err := x.Graves.Remove(ctx, in.Queue, l); err != nil {
		x.Log.WarnContext(ctx, "dead letter sent again and not removed: it may be sent twice", "queue", in.Queue, "message", l.ID, "error", err)
	}
	return did, ""
}

// relayed is what the relay buries: the keys of a change that it could not read.
type relayed struct {
	Keys map[string]struct{ S string } `json:"keys"`
}

// relay does for a record of the stream what the relay could not: there is no queue to send it back to, so the item is read
// as it is now, and what its state calls for is announced. A message that its queue refused is such an item as well.
func (x *Sexton) relay(ctx context.Context, l Letter) (did, left string) {
	var item Item
	var record relayed
	if e, err := queue.Decode(l.Body); err == nil {
		item = Item{e.Tenant, e.Mode, e.Shipment}
	} else if err := json.Unmarshal([]byte(l.Body), &record); err == nil {
		if parts := strings.SplitN(record.Keys["pk"].S, "#", 3); len(parts) == 3 {
			item = Item{parts[0], ship.Mode(parts[1]), parts[2]}
		}
	}
	if item.ID == "" {
		return "", "it names no item of the table; read its body, and remove it by hand when it is of no use"
	}
	n, err := x.Announcer.Announce(ctx, item.Tenant, item.Mode, item.ID)
	switch {
	case errors.Is(err, ErrGone):
		return "removed: " + item.ID + " is not in the table any more, so nothing is to be announced", ""
	case err != nil:
		return "", "not announced: " + err.Error()
	}
	return fmt.Sprintf("%s was read again, %d messages sent", item.ID, n), ""
}
