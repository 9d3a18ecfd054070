package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"time"

	"github.com/fairlead/fairlead/shared/client"
)

var bookCommand = command{
	name: "book", args: "FILE|- [-reference REFERENCE] [-label OUT] [-format F] [-size S] [-wait D]", about: "Order a shipment, or many, and wait until it is booked",
	more: `FILE is an order as JSON (ShipmentRequest), or many of them: an array or JSON Lines, which become a
batch, as with fairlead batch. An order needs a reference of yours, in FILE or by -reference: it names
this one physical shipment, for ever, so that the same command again books nothing twice and shows
what became of it.`,
	prepare: func(f *flag.FlagSet) action {
		var b booking
		f.StringVar(&b.reference, "reference", "", "the order's reference, where FILE has none")
		b.register(f)
		return func(ctx context.Context, t *task, args []string) error {
			if len(args) != 1 {
				return &usageError{"name one file, or - for what is piped in"}
			}
			data, err := t.read(args[0])
			if err != nil {
				return err
			}
			orders, many, err := ordersIn(data)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if many {
				if b.reference != "" {
					return &usageError{"-reference is for one order, and FILE has a list of them"}
				}
				return b.all(ctx, t, orders)
			}
			return b.one(ctx, t, orders[0])
		}
	},
}

// booking is how to book.
type booking struct {
	reference, key, label, format, size string
	wait                                time.Duration
}

func (b *booking) register(f *flag.FlagSet) {
	f.StringVar(&b.label, "label", "", "write the label to this `file` or folder; - is the standard output")
	f.StringVar(&b.format, "format", "", "of the label: zpl, gif, png or pdf, of many zip as well; by the name of -label when left out")
	f.StringVar(&b.size, "size", "", "of the label: 4x6, a4 or letter")
	f.DurationVar(&b.wait, "wait", 2*time.Minute, "how long to wait for the outcome; 0 does not wait")
}

// one books one order and waits for it.
func (b *booking) one(ctx context.Context, t *task, order json.RawMessage) error {
	members := b.labelled()
	members["confirm"] = true
	if b.reference != "" {
		members["reference"] = b.reference
	}
	order, err := with(order, members)
	if err != nil {
		return err
	}
	if err := b.check(order); err != nil {
		return err
	}
	c, err := t.connect()
	if err != nil {
		return err
	}
	t.makeRoom(b.label)
	a, err := c.Do(ctx, "POST", "/v1/shipments", []byte(order), client.Wait(b.wait))
	if err != nil {
		return err
	}
	var s client.Shipment
	if err := json.Unmarshal(a.Body, &s); err != nil {
		return fmt.Errorf("the answer can't be read: %w", err)
	}
	if a.Replayed() {
		t.note("This reference was ordered before; this is that shipment.")
	}
	if !s.Ended() && b.wait > 0 {
		if s, err = c.Await(ctx, s.ID, b.wait, client.Into(&a)); err != nil {
			return fmt.Errorf("shipment %s was ordered; waiting for it: %w", s.ID, err)
		}
	}
	t.shipment(s, a.Body)
	if b.label != "" && s.Status == client.StatusBooked && s.Document == client.DocumentStateReady {
		d, err := b.document(ctx, c, s)
		if err == nil {
			err = t.save(b.label, d, *cmp.Or(s.TrackingNumber, &s.ID))
		}
		if err != nil {
			return fmt.Errorf("shipment %s is booked, but its label was not written: %w", s.ID, err)
		}
	}
	return outcome(s)
}

// check refuses what the API would take otherwise than it is meant.
func (b *booking) check(order json.RawMessage) error {
	var o struct {
		Reference string
		Confirm   *bool
	}
	if json.Unmarshal(order, &o) != nil {
		return nil // the API tells better what is wrong
	}
	switch {
	case o.Confirm != nil && !*o.Confirm:
		return &usageError{`the order says "confirm": false, which is a draft and no booking; take that out`}
	case o.Reference == "":
		return &usageError{"the order has no reference: give it one that names this one physical shipment, in the file or by -reference, so that running this again books nothing twice"}
	case b.reference != "" && o.Reference != b.reference:
		return &usageError{"the order has a reference of its own; leave -reference out"}
	}
	return nil
}

// wanted is the format of the label.
func (b *booking) wanted() string {
	return formatFor(b.format, b.label)
}

// labelled are the members of an order that has no label of its own.
func (b *booking) labelled() map[string]any {
	l := client.LabelRequest{Format: given(client.LabelFormat(b.wanted())), Size: given(client.LabelSize(b.size))}
	if text(l.Format) == string(client.PackFormatZip) {
		l.Format = nil
	}
	if l.Format == nil && l.Size == nil {
		return map[string]any{}
	}
	return map[string]any{"label": l}
}

// document is the label as it is wanted: as it was ordered, unless the order had another one in mind.
func (b *booking) document(ctx context.Context, c *client.Client, s client.Shipment) (client.Document, error) {
	format, size := given(client.LabelFormat(b.wanted())), given(client.LabelSize(b.size))
	if (format == nil || text(format) == text(s.Label.Format)) && (size == nil || text(size) == text(s.Label.Size)) {
		return c.Label(ctx, s)
	}
	return c.GetLabel(ctx, s.ID, client.GetLabelParams{Format: format, Size: size})
}

// outcome is how the program ends after this shipment.
func outcome(s client.Shipment) error {
	switch s.Status {
	case client.StatusBooked:
		switch s.Document {
		case client.DocumentStatePending:
			return &exit{exitUnfinished, "it is booked, and its label is not there yet; run the same again"}
		case client.DocumentStateFailed:
			return &exit{exitFailed, "it is booked, and the carrier does not hand its label out; print it with the carrier, by its tracking number"}
		}
		return nil
	case client.StatusDraft, client.StatusCancelled, client.StatusCancelledLocally:
		return nil
	case client.StatusFailed:
		return &exit{exitFailed, "it was not booked; see error"}
	case client.StatusUnknown:
		return &exit{exitUnfinished, "whether it is booked is not known yet. It is being found out; don't order it again under another reference"}
	}
	return &exit{exitUnfinished, fmt.Sprintf("it is still %s; fairlead get %s -wait 1m tells more", s.Status, s.ID)}
}

var cancelCommand = command{
	name: "cancel", args: "ID [-wait D]", about: "Cancel a shipment, which voids its label when it is booked",
	more: "A shipment that is booked is voided at the carrier, which may refuse: that ends with 1.",
	prepare: func(f *flag.FlagSet) action {
		wait := f.Duration("wait", time.Minute, "how long to wait for the carrier; 0 does not wait")
		return func(ctx context.Context, t *task, args []string) error {
			id, err := one(args)
			if err != nil {
				return err
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			var a client.Answer
			s, err := c.CancelShipment(ctx, id, client.Into(&a))
			if err == nil && *wait > 0 && !cancelled(s) {
				s, err = c.Await(ctx, id, *wait, client.Into(&a))
			}
			if err != nil {
				return err
			}
			t.shipment(s, a.Body)
			return cancelOutcome(s)
		}
	},
}

func cancelled(s client.Shipment) bool {
	return s.Status == client.StatusCancelled || s.Status == client.StatusCancelledLocally
}

func cancelOutcome(s client.Shipment) error {
	switch c := s.Cancellation; {
	case cancelled(s):
		return nil
	case c != nil && c.Status == client.CancellationStatusRefused:
		return &exit{exitFailed, "the carrier refused to void it, and it is still booked"}
	case s.Ended() && c == nil:
		return &exit{exitFailed, fmt.Sprintf("it is %s, and was not cancelled", s.Status)}
	}
	return &exit{exitUnfinished, "it is being cancelled; run the same again to see"}
}

// one is the only argument.
func one(args []string) (string, error) {
	if len(args) != 1 || args[0] == "" {
		return "", &usageError{"give one id"}
	}
	return args[0], nil
}
