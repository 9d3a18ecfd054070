package linear

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// what is a thing that a call says of what it names. A call that writes and then reads says two: between the write and
// the answer others may move on, for a retry of the database's client can come long after the attempt that was applied.
type what int

const (
	wrote      what = iota // it took effect
	showed                 // its answer was true
	sawNothing             // there was nothing
	sawAnother             // there was another body
	ended                  // said by nobody: no call takes effect any more
)

// claim is one thing that one call says.
type claim struct {
	what what
	op   Op
}

func (o Op) says(w what) porcupine.Operation {
	return porcupine.Operation{Input: claim{w, o}, Call: int64(o.Call), Return: int64(o.Return)}
}

// never is the return of a call that has none, after the end.
const never = math.MaxInt64

// someday is a write that may come at any later time, or never: it is put where it takes effect, or after the end.
func (o Op) someday() porcupine.Operation {
	c := o.says(wrote)
	c.Return = never
	return c
}

// spec is a sequential specification: what calls claim, and a state that takes one claim after the other.
type spec struct {
	claims func([]Op) []porcupine.Operation
	first  state
}

// state is a comparable value; after tells whether a claim holds in it, and the state that follows.
type state interface {
	after(c claim) (state, bool)
}

// budget bounds the search by its steps, not by a clock: the same history always gets the same verdict.
const budget = 500_000

var errNoOrder = errors.New("no order of these calls explains their answers")

// ErrTangled is the error of a history that says nothing either way: too many of its calls ran at once, or were never
// answered, to try all their orders.
var ErrTangled = fmt.Errorf("not judged after %d steps: too many calls at once", budget)

// check searches an order of the claims that the specification takes. It returns errNoOrder or ErrTangled.
func (s spec) check(ops []Op) error {
	steps := 0
	ok := porcupine.CheckOperations(porcupine.Model{
		Init: func() any { return s.first },
		Step: func(at, in, _ any) (bool, any) {
			if steps++; steps > budget {
				return false, at // ends the search soon
			}
			c := in.(claim)
			if c.what == ended || at == nil {
				return true, nil // what is left has never happened
			}
			next, ok := at.(state).after(c)
			return ok, next
		},
	}, append(s.claims(ops), porcupine.Operation{Input: claim{what: ended}, Call: never - 1, Return: never - 1}))
	switch {
	case ok:
		return nil
	case steps > budget:
		return ErrTangled
	}
	return errNoOrder
}

// smallest are the calls of an inexplicable history whose answers matter. An answer is forgotten where the rest stays
// inexplicable without it: a get is dropped then, and another call left as one that was never answered.
func (s spec) smallest(ops []Op) []Op {
	ops = slices.Clone(ops)
	slices.SortStableFunc(ops, func(a, b Op) int { return cmp.Compare(a.Call, b.Call) })
	for i := len(ops) - 1; i >= 0; i-- {
		less := slices.Clone(ops)
		if less[i].Kind == Get {
			less = slices.Delete(less, i, i+1)
		} else {
			less[i].Return = -1
		}
		if errors.Is(s.check(less), errNoOrder) {
			ops = less
		}
	}
	return slices.DeleteFunc(ops, Op.unanswered)
}

// listed writes calls one a line, and how many others were made.
func listed(ops []Op, of int) string {
	var b strings.Builder
	for _, o := range ops {
		b.WriteString("  " + o.String() + "\n")
	}
	if n := of - len(ops); n > 0 {
		fmt.Fprintf(&b, "  whatever the other %d were answered\n", n)
	}
	return b.String()
}

// String is the call on one line: when, who, what, and the answer.
func (o Op) String() string {
	var b strings.Builder
	end := "…"
	if o.Return >= 0 {
		end = clock(o.Return)
	}
	fmt.Fprintf(&b, "%12s – %-12s client %-3d %-7s", clock(o.Call), end, o.Client, o.Kind)
	switch o.Kind {
	case Create:
		fmt.Fprintf(&b, " body %.8s", o.Body)
		if o.ConfirmNow {
			b.WriteString(" to be confirmed")
		}
	case Confirm:
		fmt.Fprintf(&b, " version %d", o.Version)
	}
	if o.Key != "" {
		fmt.Fprintf(&b, " key %s", o.Key)
	}
	switch {
	case o.Return < 0 || o.Status == 0:
		return b.String() + " -> no answer"
	case o.State != "":
		fmt.Fprintf(&b, " -> %d %s, version %d", o.Status, o.State, o.Answered)
	case o.Existing != "":
		fmt.Fprintf(&b, " -> %d, taken by %s", o.Status, o.Existing)
	default:
		fmt.Fprintf(&b, " -> %d", o.Status)
	}
	if o.Replayed {
		b.WriteString(", replayed")
	}
	return b.String()
}

// clock is seconds to the microsecond.
func clock(d time.Duration) string {
	return fmt.Sprintf("%d.%06ds", d/time.Second, d%time.Second/time.Microsecond)
}
