package fault

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"
)

// Injected is one fault that struck.
type Injected struct {
	ID        int       `json:"id"`
	Time      time.Time `json:"time"`
	Operation Operation `json:"operation"`
	Reference string    `json:"reference,omitempty"`
	Kind      Kind      `json:"kind"`
	RequestID string    `json:"request_id,omitempty"`
	Remote    string    `json:"remote,omitempty"` // the caller's TCP address
	Rule      int       `json:"rule,omitempty"`   // 0: asked for by header
	DelayMS   int64     `json:"delay_ms,omitempty"`
	Booked    bool      `json:"booked"`         // the carrier booked under this very call (late: once it did)
	Voided    bool      `json:"voided"`         // likewise, it voided
	Left      bool      `json:"left,omitempty"` // slow: the caller left before the answer
}

// Injector decides which call is struck and remembers what struck. It is safe for concurrent use.
type Injector struct {
	seed   uint64
	record func(Injected) error

	mu       sync.Mutex
	rules    []Fault
	nextRule int
	calls    map[Operation]int
	seen     map[draws]uint64 // how many chances of a sequence were drawn
	injected []Injected
}

// NewInjector returns one without rules. The seed decides every chance: the nth call of an operation for a
// reference draws the same number in every run, however the calls of different references interleave.
func NewInjector(seed uint64) *Injector {
	return &Injector{seed: seed, record: func(Injected) error { return nil },
		calls: map[Operation]int{}, seen: map[draws]uint64{}}
}

// Keep makes every injected fault go to record, again when it changes. Call it before the injector is shared.
func (in *Injector) Keep(record func(Injected) error) { in.record = record }

// KindInjected is the journal kind of an injected fault.
const KindInjected = "injected"

// Apply takes back one line of the journal. Kinds of others are left alone (false).
func (in *Injector) Apply(kind string, data json.RawMessage) (bool, error) {
	if kind != KindInjected {
		return false, nil
	}
	var i Injected
	if err := json.Unmarshal(data, &i); err != nil {
		return true, err
	}
	if i.ID <= len(in.injected) && i.ID > 0 {
		in.injected[i.ID-1] = i
	} else {
		i.ID = len(in.injected) + 1
		in.injected = append(in.injected, i)
	}
	return true, nil
}

// SetFaults replaces all rules. It fails, and changes nothing, when one of them is not valid.
func (in *Injector) SetFaults(rules ...Fault) error {
	for _, f := range rules {
		if err := f.Check(); err != nil {
			return err
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.rules = nil
	for _, f := range rules {
		in.add(f)
	}
	return nil
}

// AddFault adds a rule behind the others and returns it with its id.
func (in *Injector) AddFault(f Fault) (Fault, error) {
	if err := f.Check(); err != nil {
		return Fault{}, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.add(f), nil
}

func (in *Injector) add(f Fault) Fault {
	in.nextRule++
	f.ID = in.nextRule
	in.rules = append(in.rules, f)
	return f
}

// Faults are the rules that can still strike.
func (in *Injector) Faults() []Fault {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.rules)
}

// Injected is every fault that struck, in order.
func (in *Injector) Injected() []Injected {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.injected)
}

// Calls counts the calls that came as far as a fault could strike, by operation.
func (in *Injector) Calls() map[Operation]int {
	in.mu.Lock()
	defer in.mu.Unlock()
	counts := make(map[Operation]int, len(in.calls))
	for op, n := range in.calls {
		counts[op] = n
	}
	return counts
}

// CallsFor counts those of Calls that were about one reference.
func (in *Injector) CallsFor(op Operation, reference string) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return int(in.seen[draws{op, reference, false}])
}

// draw decides what spoils one call, if anything. Rules that match share the 1000 chances of a call in their
// order, so that each strikes exactly as often as it says while they add up to no more than 1000.
func (in *Injector) draw(op Operation, reference string) Fault {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.calls[op]++
	return in.pick(op, reference, false)
}

// drawLag decides, apart from what spoils the answer, whether a booking is hidden from look-ups: a lost answer
// and a lag together are the case worth testing.
func (in *Injector) drawLag(op Operation, reference string) Fault {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.pick(op, reference, true)
}

func (in *Injector) pick(op Operation, reference string, lag bool) Fault {
	key := draws{op, reference, lag}
	in.seen[key]++
	drawn, reach := chance(in.seed, key, in.seen[key]), 0
	for i, f := range in.rules {
		if (f.Kind == Lag) != lag || !f.matches(op, reference) {
			continue
		}
		if reach += f.share(); drawn >= reach {
			continue
		}
		if f.Times == 1 {
			in.rules = slices.Delete(in.rules, i, i+1)
		} else if f.Times > 1 {
			in.rules[i].Times--
		}
		return f
	}
	return Fault{}
}

// draws names one sequence of chances.
type draws struct {
	op        Operation
	reference string
	lag       bool
}

func chance(seed uint64, key draws, n uint64) int {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s\x00%s\x00%t\x00%d", seed, key.op, key.reference, key.lag, n)
	// FNV mixes the last bytes of its input badly; this spreads them.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return int(x % 1000)
}

// struck remembers a fault and returns its id.
func (in *Injector) struck(i Injected) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	i.ID = len(in.injected) + 1
	in.injected = append(in.injected, i)
	// A journal that can't be written loses the record of a fault, never a booking: the page still shows it.
	_ = in.record(i)
	return i.ID
}

func (in *Injector) amend(id int, change func(*Injected)) {
	in.mu.Lock()
	defer in.mu.Unlock()
	i := &in.injected[id-1]
	change(i)
	_ = in.record(*i)
}
