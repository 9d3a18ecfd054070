// Package ratelimit holds limits that many processes share: how often a tenant may ask, and how often a carrier may be
// asked. The rule is GCRA in integer microseconds; what it remembers is one number, the theoretical arrival time, which
// one conditional write moves.
package ratelimit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Class is a kind of request that has a limit of its own, so that reading much never keeps anybody from booking.
type Class string

// The classes.
const (
	Read  Class = "read"
	Write Class = "write"
	Book  Class = "book"
)

// classes are all of them, in the order of a set's text.
var classes = [...]Class{Read, Write, Book}

// Rate is how much is let through: Count per Per in the long run, and Burst at once. The zero Rate limits nothing.
type Rate struct {
	Count int64         // per period, 1 to MaxCount
	Per   time.Duration // a second, a minute, an hour or a day
	Burst int64         // 1 to MaxBurst
}

// The largest members of a rate.
const (
	MaxCount = 10_000
	MaxBurst = 10_000
)

// Day is the longest period of a rate.
const Day = 24 * time.Hour

// units are the periods by their names in a text.
var units = []struct {
	name string
	per  time.Duration
}{{"s", time.Second}, {"min", time.Minute}, {"h", time.Hour}, {"day", Day}}

// Unit is the name of the rate's period in a text: s, min, h or day.
func (r Rate) Unit() string {
	for _, u := range units {
		if u.per == r.Per {
			return u.name
		}
	}
	return r.Per.String()
}

// String is the rate as in 100/s:200.
func (r Rate) String() string {
	return fmt.Sprintf("%d/%s:%d", r.Count, r.Unit(), r.Burst)
}

// Window is the rate as a quota for a time in whole seconds: the shortest in which a whole burst comes back.
func (r Rate) Window() (quota, seconds int64) {
	per := int64(r.Per / time.Second)
	seconds = (r.Burst*per + r.Count - 1) / r.Count
	return seconds * r.Count / per, seconds
}

// Set is a tenant's limits by class. A class with the zero Rate is not named in it: the defaults hold.
type Set struct {
	Read, Write, Book Rate
}

// Defaults are a tenant's limits where neither the stack nor the tenant has others.
var Defaults = Set{
	Read:  Rate{Count: 100, Per: time.Second, Burst: 200},
	Write: Rate{Count: 50, Per: time.Second, Burst: 100},
	Book:  Rate{Count: 50, Per: time.Second, Burst: 100},
}

// Of is the rate of a class; the zero Rate for a class that is none.
func (s Set) Of(c Class) Rate {
	if r := s.member(c); r != nil {
		return *r
	}
	return Rate{}
}

// Over is the set with what it doesn't name taken from the defaults.
func (s Set) Over(defaults Set) Set {
	for _, c := range classes {
		if r := s.member(c); *r == (Rate{}) {
			*r = defaults.Of(c)
		}
	}
	return s
}

// String is the text that ParseSet reads: the classes that are named, in a fixed order.
func (s Set) String() string {
	var members []string
	for _, c := range classes {
		if r := s.Of(c); r != (Rate{}) {
			members = append(members, string(c)+"="+r.String())
		}
	}
	return strings.Join(members, " ")
}

func (s *Set) member(c Class) *Rate {
	switch c {
	case Read:
		return &s.Read
	case Write:
		return &s.Write
	case Book:
		return &s.Book
	}
	return nil
}

// ParseSet reads a text such as "read=100/s:200 write=50/s:100 book=50/s:100": members divided by spaces, each a class, a
// count per s, min, h or day, and a burst. A class that is left out isn't named in the set, and keeps the default. The
// error names every member that is wrong, what is wrong with it and what is allowed.
func ParseSet(text string) (Set, error) {
	var s Set
	var wrong []error
	for _, member := range strings.Fields(text) {
		if err := s.add(member); err != nil {
			wrong = append(wrong, fmt.Errorf("limit %q: %w", member, err))
		}
	}
	if len(wrong) > 0 {
		return Set{}, errors.Join(wrong...)
	}
	return s, nil
}

func (s *Set) add(member string) error {
	name, text, found := strings.Cut(member, "=")
	if !found {
		return errors.New("a limit is written as in read=100/s:200")
	}
	to := s.member(Class(name))
	if to == nil {
		return fmt.Errorf("%q is no class; the classes are read, write and book", name)
	}
	if *to != (Rate{}) {
		return fmt.Errorf("%s is limited twice; name each class once", name)
	}
	rate, err := ParseRate(text)
	if err != nil {
		return err
	}
	*to = rate
	return nil
}

// ParseRate reads a text such as 100/s:200.
func ParseRate(text string) (Rate, error) {
	count, rest, perFound := strings.Cut(text, "/")
	unit, burst, burstFound := strings.Cut(rest, ":")
	if !perFound || !burstFound {
		return Rate{}, fmt.Errorf("%q is no rate; write the count, the period and the burst as in 100/s:200", text)
	}
	var r Rate
	var countErr, unitErr, burstErr error
	r.Count, countErr = numberOf("the count", count, MaxCount)
	r.Per, unitErr = unitOf(unit)
	r.Burst, burstErr = numberOf("the burst", burst, MaxBurst)
	if err := errors.Join(countErr, unitErr, burstErr); err != nil {
		return Rate{}, err
	}
	return r, nil
}

func unitOf(text string) (time.Duration, error) {
	for _, u := range units {
		if u.name == text {
			return u.per, nil
		}
	}
	return 0, fmt.Errorf("%q is no period; the periods are s, min, h and day", text)
}

// numberOf reads plain digits: a sign, a leading zero or an underscore would make two texts of one set.
func numberOf(what, text string, most int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > most || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%s is %q; it must be a whole number from 1 to %d", what, text, most)
	}
	return n, nil
}
