package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/client"
)

var batchCommand = command{
	name: "batch", args: "FILE|-|ID [-key KEY] [-label OUT] [-format F] [-size S] [-wait D]", about: "Order up to 1,000 shipments at once, or see how far a batch is",
	more: `FILE has orders as JSON: an array, {"shipments": [...]}, or JSON Lines. A row that is wrong is rejected
and the others go on. The same file again, within seven days, is the same batch and books nothing
twice; -key names another one. Rows with a reference are never booked twice, whatever the batch.`,
	prepare: func(f *flag.FlagSet) action {
		var b booking
		f.StringVar(&b.key, "key", "", "the Idempotency-Key; made of the content when left out")
		b.register(f)
		return func(ctx context.Context, t *task, args []string) error {
			if len(args) != 1 {
				return &usageError{"name one file, - for what is piped in, or a batch"}
			}
			if strings.HasPrefix(args[0], "bat_") {
				c, err := t.connect()
				if err != nil {
					return err
				}
				return b.watch(ctx, t, c, args[0])
			}
			data, err := t.read(args[0])
			if err != nil {
				return err
			}
			orders, _, err := ordersIn(data)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return b.all(ctx, t, orders)
		}
	},
}

// all orders many shipments as a batch.
func (b *booking) all(ctx context.Context, t *task, orders []json.RawMessage) error {
	if b.key == "" {
		// Of the orders as they are, not of what flags make of them: other flags must not become another batch, in which
		// rows without a reference would be booked again.
		raw, err := json.Marshal(orders)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(raw)
		b.key = "fairlead-cli-" + hex.EncodeToString(sum[:16])
	}
	rows := slices.Clone(orders)
	for i, o := range rows {
		if labelled, err := with(o, b.labelled()); err == nil { // else the API tells what is wrong with this row
			rows[i] = labelled
		}
	}
	body, err := json.Marshal(map[string]any{"shipments": rows})
	if err != nil {
		return err
	}
	c, err := t.connect()
	if err != nil {
		return err
	}
	a, err := c.Do(ctx, "POST", "/v1/batches", body, client.IdempotencyKey(b.key))
	if client.IsCode(err, "idempotency_key_reused") {
		return fmt.Errorf("these orders were sent before with another label: look at that batch, or name another with -key: %w", err)
	}
	if err != nil {
		return err
	}
	var made client.Batch
	if err := json.Unmarshal(a.Body, &made); err != nil {
		return fmt.Errorf("the answer can't be read: %w", err)
	}
	if a.Replayed() {
		t.note("This file was sent before; this is that batch. -key makes another one.")
	}
	t.note("batch %s, %d rows", made.ID, made.Rows)
	return b.watch(ctx, t, c, made.ID)
}

// watch waits until every row has come to an end, prints the rows, and writes the labels.
func (b *booking) watch(ctx context.Context, t *task, c *client.Client, id string) error {
	var state client.Batch
	said := ""
	for pause, waited := time.Second/4, time.Duration(0); ; pause = min(pause*2, 5*time.Second) {
		var err error
		if state, err = c.GetBatch(ctx, id); err != nil {
			return err
		}
		if now := progress(state); now != said {
			said = now
			t.note("%s", now)
		}
		if moving(state) == 0 || waited >= b.wait {
			break
		}
		if err := t.sleep(ctx, pause); err != nil {
			return err
		}
		waited += pause
	}
	t.makeRoom(b.label)
	err := list(t, c.BatchRows(ctx, id, client.ListBatchRowsParams{Limit: new(100)}), []string{"ROW", "SHIPMENT", "STATUS", "REFERENCE", "TRACKING", "PROBLEM"}, batchRow)
	if err == nil && b.label != "" && state.Progress.Booked > 0 {
		err = b.labels(ctx, t, c, state)
	}
	if err != nil {
		return err
	}
	p := state.Progress
	switch {
	case moving(state)+p.Unknown > 0:
		return &exit{exitUnfinished, fmt.Sprintf("not every shipment has come to an end; fairlead batch %s tells more", id)}
	case state.Rejected+p.Failed > 0:
		return &exit{exitFailed, fmt.Sprintf("%d rows were rejected, %d shipments failed", state.Rejected, p.Failed)}
	}
	return nil
}

// moving is how many rows and shipments will be something else before long.
func moving(b client.Batch) int64 {
	n := b.Progress.Pending + b.Progress.Booking + b.Progress.Cancelling
	if b.Status == client.BatchStatusProcessing || b.Status == client.BatchStatusCancelling {
		n += max(b.Rows-b.Created-b.Rejected, 1)
	}
	return n
}

func progress(b client.Batch) string {
	p := b.Progress
	out := []string{string(b.Status)}
	for _, c := range []struct {
		n    int64
		what string
	}{
		{b.Rows - b.Created - b.Rejected, "waiting"}, {p.Draft, "draft"}, {p.Pending, "pending"}, {p.Booking, "booking"}, {p.Booked, "booked"}, {p.Unknown, "unknown"},
		{p.Failed, "failed"}, {p.Cancelling, "cancelling"}, {p.Cancelled, "cancelled"}, {b.Rejected, "rejected"},
	} {
		if c.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(out, ", ")
}

func batchRow(r client.BatchRow) []string {
	out := []string{fmt.Sprint(r.Row), "", string(r.Status), text(r.Reference), "", ""}
	if s := r.Shipment; s != nil {
		out[1], out[2], out[4] = s.ID, string(s.Status), text(s.TrackingNumber)
		if s.Error != nil {
			out[5] = s.Error.Code + ": " + s.Error.Detail
		}
	}
	if p := r.Problem; p != nil {
		out[5] = p.Code + ": " + p.Detail
		for _, e := range p.Errors {
			out[5] += " " + e.Field + ": " + e.Detail
		}
	}
	return out
}

// pack is the format that the labels are packed in: each in a file of its own, where it is not said what they are.
func (b *booking) pack() client.PackFormat {
	switch b.wanted() {
	case "", "zip":
		return client.PackFormatZip
	case "zpl":
		return client.PackFormatZPL
	}
	return client.PackFormatPDF
}

// labels writes the labels, 200 rows a file, which is as many as the API packs.
func (b *booking) labels(ctx context.Context, t *task, c *client.Client, state client.Batch) error {
	q := client.GetBatchLabelsParams{Format: new(b.pack())}
	if *q.Format == client.PackFormatPDF {
		q.Size = given(client.LabelSize(b.size))
	}
	for from := 1; from <= int(state.Rows); from += 200 {
		q.FromRow = &from
		d, err := c.GetBatchLabels(ctx, state.ID, q)
		if client.IsCode(err, "label_not_ready") {
			continue // none of these rows has one
		}
		if err == nil {
			err = t.save(numbered(b.label, from), d, state.ID)
		}
		if err != nil {
			return fmt.Errorf("batch %s was booked, but its labels were not all written: %w", state.ID, err)
		}
	}
	return nil
}
