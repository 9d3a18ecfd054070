package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

// settleWithin is how long one step of a booking may take.
const settleWithin = 30 * time.Second

// reading is what one DynamoDB call consumed, in thousandths of a unit.
type reading struct {
	Function  string
	Operation string
	Table     string
	Write     int64 `json:"write_milli"` // indexes included
	Read      int64 `json:"read_milli"`
	Indexes   map[string]int64
}

// line is a log line of a function, as far as it is of interest here.
type line struct {
	Msg         string
	Outcome     string
	Status      int
	Attempt     int    // of a booking or of a delivery; 0 when none was made
	RequestID   string `json:"request_id"`
	Correlation string `json:"correlation_id"`
	reading
}

// step is one function's part in one booking: the function's folder, and the id that its log line carries.
type step struct{ function, id string }

// journal follows what the functions log. A function logs the end of each step after what the step consumed, so a
// step that is over has been counted whole.
type journal struct {
	prefix string // of deployed names

	mu       sync.Mutex
	readings []reading
	bytes    int64           // of log lines that are not the meter's
	over     map[step]string // steps that are over, and how they ended the last time
	times    map[step]int    // and how often
	changed  chan struct{}   // closed at every step
}

func newJournal(prefix string) *journal {
	return &journal{prefix: prefix, over: map[step]string{}, times: map[step]int{}, changed: make(chan struct{})}
}

// add takes one line.
func (j *journal) add(function, text string) {
	var l line
	if json.Unmarshal([]byte(text), &l) != nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if l.Msg == "capacity" {
		l.Function = function
		l.Table = strings.TrimPrefix(l.Table, j.prefix)
		j.readings = append(j.readings, l.reading)
		return
	}
	j.bytes += int64(len(text)) + 1
	var ended step
	how := l.Outcome
	switch l.Msg {
	case "request":
		ended, how = step{function, l.RequestID}, fmt.Sprint(l.Status)
	case "message":
		if l.Attempt == 0 && function != "fan-out-events" { // the message came too early, or again
			return
		}
		ended = step{function, l.Correlation}
	default:
		return
	}
	j.over[ended], j.times[ended] = how, j.times[ended]+1
	close(j.changed)
	j.changed = make(chan struct{})
}

// wait waits until a step was over so many times, and returns how it ended.
func (j *journal) wait(ctx context.Context, s step, times int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	for {
		j.mu.Lock()
		how, over := j.over[s], j.times[s]
		changed := j.changed
		j.mu.Unlock()
		if over >= times {
			return how, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", fmt.Errorf("%s did what it does for %s %d times, not %d: %w", s.function, s.id, over, times, ctx.Err())
		}
	}
}

// take returns what was consumed since the last time.
func (j *journal) take() (readings []reading, bytes int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	readings, bytes = j.readings, j.bytes
	j.readings, j.bytes = nil, 0
	return readings, bytes
}
