package operate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/ship"
)

func heldCommand() command {
	return command{name: "held", args: "[-tenant TENANT] [-kinds held,void,unknown,late | -all] [-cursor CURSOR]",
		about: "lists what waits for a person. One shipment with all its evidence is shown by -tenant, -mode and -id; -evidence shows it for each.",
		prepare: func(f *flag.FlagSet) func(context.Context, *task, []string) error {
			in, all, kinds, evidence := operating.HeldRequest{}, false, "", false
			f.StringVar(&in.Tenant, "tenant", "", "of this tenant only")
			f.Func("mode", "test or live, with -id", func(s string) error { in.Mode = ship.Mode(s); return nil })
			f.StringVar(&in.ID, "id", "", "one shipment, whatever its state")
			f.StringVar(&kinds, "kinds", "", "which: held, void, unknown, late (held,void)")
			f.BoolVar(&all, "all", false, "all kinds")
			f.BoolVar(&evidence, "evidence", false, "with history and answers")
			f.IntVar(&in.Limit, "limit", 0, "how many at most (25; up to 100)")
			f.StringVar(&in.Cursor, "cursor", "", "of the page before")
			return func(ctx context.Context, t *task, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				if all {
					in.Kinds = operating.Kinds()
				} else if kinds != "" {
					for k := range strings.SplitSeq(kinds, ",") {
						in.Kinds = append(in.Kinds, operating.Kind(strings.TrimSpace(k)))
					}
				}
				in.Caller = t.caller()
				_, err := call(ctx, t, "list-held-shipments", in, func(w io.Writer, out operating.HeldPage) {
					if len(out.Shipments) > 0 && (evidence || in.ID != "") {
						for _, s := range out.Shipments {
							showOne(w, s, t.at.again())
						}
					} else {
						showHeld(w, out)
					}
					t.more(w, out.Cursor)
				})
				return err
			}
		}}
}

func showHeld(w io.Writer, out operating.HeldPage) {
	if len(out.Shipments) == 0 {
		row(w, "Nothing waits for a person.")
		return
	}
	row(w, "KIND", "TENANT", "MODE", "SHIPMENT", "VERSION", "STATUS", "SINCE", "CARRIER", "REFERENCE", "ATTEMPTS", "LATE", "DECIDE")
	for _, s := range out.Shipments {
		var may []string
		for _, d := range s.Allowed {
			may = append(may, string(d))
		}
		row(w, s.Kind, s.Tenant, s.Mode, s.ID, s.Version, s.Status, s.Since.Format(time.RFC3339), orNone(s.Carrier), orNone(s.Reference), s.Attempts, orNone(strings.Join(s.Late, ",")), orNone(strings.Join(may, ",")))
	}
	row(w, "\nWith the evidence: -evidence, or -tenant, -mode and -id of one.")
}

// showOne prints a shipment with all that a decision rests on.
func showOne(w io.Writer, s operating.Waiting, same string) {
	row(w, s.ID, "of tenant "+s.Tenant+", "+string(s.Mode))
	for _, line := range [][2]string{
		{"status", fmt.Sprintf("%s at version %d, since %s", s.Status, s.Version, s.Since.Format(time.RFC3339))},
		{"reference", s.Reference}, {"at the carrier", strings.TrimSpace(s.Carrier + " account " + s.Number + " (" + s.Account + "), by reference " + s.AtCarrier)},
		{"service", s.Service}, {"tracking number", s.Tracking}, {"late numbers", strings.Join(s.Late, ", ")}, {"attempts", fmt.Sprintf("%d, then %d look-ups", s.Attempts, s.LookUps)},
		{"why", s.Why}, {"correlation id", s.Correlation},
	} {
		if line[1] != "" {
			row(w, "  "+line[0], line[1])
		}
	}
	for _, h := range s.History {
		row(w, "  "+h.At.Format(time.RFC3339Nano), strings.TrimSpace(h.Status+" "+h.Cause))
	}
	for _, a := range s.Answers {
		row(w, fmt.Sprintf("  answer to attempt %d", a.Attempt), fmt.Sprintf("HTTP %d after %d ms, request sent %v %s %s", a.Raw.Status, a.Raw.Duration.Milliseconds(), a.Raw.Sent, a.Raw.Error, oneLine(a.Raw.Body)))
	}
	for _, v := range s.Voids {
		row(w, "  void of "+v.Number, fmt.Sprintf("%s at %s: HTTP %d after %d ms %s %s %s", v.Kind, v.At.Format(time.RFC3339), v.Raw.Status, v.Raw.Duration.Milliseconds(), v.Code, v.Message, oneLine(v.Raw.Body)))
	}
	if len(s.Allowed) == 0 {
		row(w, "  to decide", "nothing")
	}
	for _, c := range s.Suggestion {
		row(w, "  to decide", `make ops ARGS="`+c+` -yes`+same+`"`)
	}
	row(w)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func resolveCommand() command {
	return command{name: "resolve", args: "-tenant TENANT -mode MODE -id SHIPMENT -version N -decision adopt|declare|void|booked|clear [-number NUMBER] -reason WHY -yes",
		about: "carries out what a person decided. adopt: it is booked at the carrier under -number. declare: nothing is booked; it is booked again. void, booked: what a void came to. clear: the late -number is void, or not ours. Many at once: -file FILE, JSON like [{\"tenant\", \"mode\", \"id\", \"version\", \"decision\", \"tracking_number\"}], at most 100.",
		prepare: func(f *flag.FlagSet) func(context.Context, *task, []string) error {
			var v operating.Verdict
			var file string
			f.StringVar(&v.Tenant, "tenant", "", "whose shipment")
			f.Func("mode", "test or live", func(s string) error { v.Mode = ship.Mode(s); return nil })
			f.StringVar(&v.ID, "id", "", "the shipment")
			f.Int64Var(&v.Version, "version", 0, "the version that was looked at")
			f.Func("decision", "adopt, declare, void, booked or clear", func(s string) error { v.Decision = booking.Decision(s); return nil })
			f.StringVar(&v.Number, "number", "", "the tracking number, with adopt and clear")
			f.StringVar(&file, "file", "", "many verdicts, as JSON")
			return func(ctx context.Context, t *task, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				in := operating.ResolveRequest{Caller: t.caller(), Shipments: []operating.Verdict{v}}
				if file != "" {
					var err error
					if in.Shipments, err = verdicts(t, file); err != nil {
						return err
					}
				}
				for _, v := range in.Shipments {
					if v.Number == "NUMBER" { // as held prints it; it would pass for one, and an adoption can't be taken back
						return usage("say in the place of NUMBER which number %s has at the carrier", v.ID)
					}
				}
				if err := t.certain("decide about %d shipments, the first %s: %s", len(in.Shipments), in.Shipments[0].ID, in.Shipments[0].Decision); err != nil {
					return err
				}
				out, err := call(ctx, t, "resolve-shipments", in, showResolved)
				if err == nil && out.Problems > 0 {
					err = errPartly
				}
				return err
			}
		}}
}

// verdicts reads those of a file. Flags that name another, and members that are none, would be passed over.
func verdicts(t *task, file string) (out []operating.Verdict, err error) {
	var beside []string
	t.flags.Visit(func(f *flag.Flag) {
		if slices.Contains([]string{"tenant", "mode", "id", "version", "decision", "number"}, f.Name) {
			beside = append(beside, "-"+f.Name)
		}
	})
	if len(beside) > 0 {
		return nil, usage("%s: -file has all that is to be decided; give either the file or these", strings.Join(beside, ", "))
	}
	raw, err := os.ReadFile(file)
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err = dec.Decode(&out); err == nil && dec.More() {
			err = errors.New("there is more behind the list")
		}
	}
	if err != nil {
		return nil, usage("-file %s: %v; a verdict has tenant, mode, id, version, decision and, with adopt and clear, tracking_number", file, err)
	}
	if len(out) == 0 {
		return nil, usage("-file %s: there are no verdicts in it", file)
	}
	return out, nil
}

func showResolved(w io.Writer, out operating.ResolveAnswer) {
	row(w, "SHIPMENT", "DECISION", "OUTCOME", "")
	for _, r := range out.Shipments {
		if p := r.Problem; p != nil {
			say := p.Detail
			if len(p.Allowed) > 0 {
				say += fmt.Sprintf(" (at version %d it can be: %v)", p.Version, p.Allowed)
			}
			row(w, r.ID, r.Decision, p.Code, say)
			continue
		}
		row(w, r.ID, r.Decision, "done", fmt.Sprintf("%s at version %d", r.Status, r.Version))
	}
}
