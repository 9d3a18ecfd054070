package ratelimit

import (
	"strings"
	"testing"
	"time"
)

func TestParseSet(t *testing.T) {
	tests := []struct {
		name, text string
		want       Set
	}{
		{"all classes", "read=100/s:200 write=50/s:100 book=50/s:100", Defaults},
		{"nothing is named", "", Set{}},
		{"one class", "book=600/min:10", Set{Book: Rate{600, time.Minute, 10}}},
		{"any order and space", " book=1/h:1\n read=10000/day:10000 ", Set{Read: Rate{10_000, Day, 10_000}, Book: Rate{1, time.Hour, 1}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseSet(test.text)
			if err != nil || got != test.want {
				t.Errorf("ParseSet(%q) = %v, %v; want %v", test.text, got, err, test.want)
			}
		})
	}
}

func TestParseSetRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a count of nothing", "read=0/s:200", `limit "read=0/s:200": the count is "0"; it must be a whole number from 1 to 10000`},
		{"a count beyond the range", "write=10001/s:1", `the count is "10001"; it must be a whole number from 1 to 10000`},
		{"a burst beyond the range", "book=1/s:99999999999999999999", `the burst is "99999999999999999999"; it must be a whole number from 1 to 10000`},
		{"another spelling of a number", "book=+1/s:01", `the burst is "01"`},
		{"a period that is none", "book=1/month:1", `"month" is no period; the periods are s, min, h and day`},
		{"a class that is none", "rate=1/s:1", `"rate" is no class; the classes are read, write and book`},
		{"a class twice", "read=1/s:1 read=2/s:2", `read is limited twice; name each class once`},
		{"no burst", "read=1/s", `"1/s" is no rate; write the count, the period and the burst as in 100/s:200`},
		{"no equals sign", "read", `limit "read": a limit is written as in read=100/s:200`},
		{"every member that is wrong", "read=0/s:1 book=1/s:0", "limit \"book=1/s:0\": the burst"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set, err := ParseSet(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) || set != (Set{}) {
				t.Errorf("ParseSet(%q) = %v, %v; want an error with %q", test.text, set, err, test.want)
			}
		})
	}
}

func TestOver(t *testing.T) {
	own := Set{Write: Rate{1, time.Minute, 2}}
	want := Set{Read: Defaults.Read, Write: Rate{1, time.Minute, 2}, Book: Defaults.Book}
	if got := own.Over(Defaults); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := want.Of("other"); got != (Rate{}) {
		t.Errorf("a class that is none is limited to %v", got)
	}
}

func TestWindow(t *testing.T) {
	for _, test := range []struct {
		rate           Rate
		quota, seconds int64
	}{
		{Rate{100, time.Second, 200}, 200, 2},
		{Rate{50, time.Second, 10}, 50, 1},
		{Rate{7, time.Second, 10}, 14, 2},
		{Rate{600, time.Minute, 5}, 10, 1},
		{Rate{60, time.Hour, 10}, 10, 600},
		{Rate{1, Day, 1}, 1, 86_400},
	} {
		t.Run(test.rate.String(), func(t *testing.T) {
			quota, seconds := test.rate.Window()
			if quota != test.quota || seconds != test.seconds || quota < test.rate.Burst {
				t.Errorf("%d in %d s, want %d in %d", quota, seconds, test.quota, test.seconds)
			}
		})
	}
}

func FuzzParseSet(f *testing.F) {
	for _, seed := range []string{"", "read=100/s:200 write=50/s:100 book=50/s:100", "book=1/day:1", "read=0/s:1", "read=read=1/s:1", "=/:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := ParseSet(text)
		if err != nil {
			return
		}
		again, err := ParseSet(set.String())
		if err != nil || again != set {
			t.Errorf("%q is %+v, whose text %q is %+v, %v", text, set, set, again, err)
		}
	})
}

func FuzzParseRate(f *testing.F) {
	for _, seed := range []string{"100/s:200", "1/day:1", "0/s:1", "1/s", "/:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := ParseRate(text)
		if err != nil {
			return
		}
		if rate.String() != text {
			t.Errorf("%q is %+v, whose text is %q", text, rate, rate)
		}
	})
}
