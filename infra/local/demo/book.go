package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// shipment is what the demo reads of a shipment.
type shipment struct {
	ID             string
	Status         string
	Document       string
	TrackingNumber string `json:"tracking_number"`
	Charge         *struct {
		Amount   int64
		Currency string
	}
	Error *struct{ Code, Detail string }
}

// timeline prints what happened and when, counted from the order.
type timeline struct {
	*Demo
	began time.Time
}

func (t timeline) say(what, more string) {
	_, _ = fmt.Fprintf(t.Out, "  %6d ms  %-18s %s\n", t.Now().Sub(t.began).Milliseconds(), what, more)
}

// book sends an order and follows it to the verified callback and the saved label.
func (d *Demo) book(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bookWithin)
	defer cancel()
	t := timeline{d, d.Now()}
	reference := "demo-" + t.began.UTC().Format("20060102-150405.000")
	_, _ = fmt.Fprintf(d.Out, "\nBooking one shipment, reference %s:\n\n", reference)
	var s shipment
	if err := d.call(ctx, "POST", "/v1/shipments", "", Order(reference, "ups_ground", d.state.CarrierAccount), &s); err != nil {
		return err
	}
	t.say(s.Status, s.ID)
	s, err := d.follow(ctx, t, s)
	if err != nil {
		return err
	}
	select {
	case got := <-d.receiver.verified(s.ID):
		t.say("callback verified", got)
	case <-ctx.Done():
		return errors.New("no callback came; see the logs of relay-events, fan-out-events and deliver-callback")
	}
	file, size, err := d.saveLabel(ctx, s)
	if err != nil {
		return err
	}
	t.say("label saved", fmt.Sprintf("%s (%d bytes of ZPL)", file, size))
	_, _ = fmt.Fprintf(d.Out, `
Look at it, list all, get the label (or take the tour of the README, which begins with the first line):

  export FAIRLEAD_URL=%s FAIRLEAD_API_KEY=%s
  curl -s -H "Authorization: Bearer $FAIRLEAD_API_KEY" $FAIRLEAD_URL/v1/shipments/%s
  curl -s -H "Authorization: Bearer $FAIRLEAD_API_KEY" $FAIRLEAD_URL/v1/shipments
  curl -s -H "Authorization: Bearer $FAIRLEAD_API_KEY" -H "Accept: application/zpl" $FAIRLEAD_URL/v1/shipments/%s/label

`, d.API, d.state.Key, s.ID, s.ID)
	return nil
}

// follow prints each status until the shipment is booked and its label can be had.
func (d *Demo) follow(ctx context.Context, t timeline, s shipment) (shipment, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	said := s.Status
	for {
		switch {
		case s.Status == "booked" && s.Document == "ready":
			return s, nil
		case s.Status == "failed" || s.Status == "unknown" || s.Document == "failed":
			reason := "no reason given"
			if s.Error != nil {
				reason = s.Error.Code + ": " + s.Error.Detail
			}
			return s, fmt.Errorf("shipment %s is %s, document %s (%s); the log of book-shipment tells more", s.ID, s.Status, s.Document, reason)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, fmt.Errorf("shipment %s is still %s; see the logs of relay-events and book-shipment", s.ID, s.Status)
		}
		if err := d.call(ctx, "GET", "/v1/shipments/"+s.ID, "", nil, &s); err != nil {
			return s, err
		}
		if s.Status != said {
			said = s.Status
			t.say(said, booked(s))
		}
	}
}

func booked(s shipment) string {
	if s.TrackingNumber == "" {
		return ""
	}
	text := "tracking number " + s.TrackingNumber
	if s.Charge != nil {
		text += fmt.Sprintf(", charge %d.%02d %s", s.Charge.Amount/100, s.Charge.Amount%100, s.Charge.Currency)
	}
	return text
}

func (d *Demo) saveLabel(ctx context.Context, s shipment) (string, int, error) {
	label, err := d.fetch(ctx, "GET", "/v1/shipments/"+s.ID+"/label", "", "application/zpl", nil)
	if err != nil {
		return "", 0, err
	}
	file := filepath.Join(d.Dir, "label-"+s.TrackingNumber+".zpl")
	return file, len(label), os.WriteFile(file, label, 0o600)
}

// Order is what a shop in Portland sends to a customer in New York: one parcel, booked at once. The measurements order it
// as well.
func Order(reference, service, account string) map[string]any {
	return map[string]any{
		"reference": reference, "order_number": "1001", "confirm": true, "service": service, "carrier_account": account,
		"ship_from": map[string]any{
			"name": "Shipping", "company": "Cedar and Pine Goods", "phone": "5035550142", "lines": []string{"1208 SE Hawthorne Blvd"},
			"city": "Portland", "state": "OR", "postcode": "97214", "country": "US",
		},
		"ship_to": map[string]any{
			"name": "Jordan Ellis", "phone": "2125550117", "email": "jordan@example.com", "lines": []string{"455 W 23rd St", "Apt 7B"},
			"city": "New York", "state": "NY", "postcode": "10011", "country": "US",
		},
		"parcels": []map[string]any{{"weight_g": 1360, "length_mm": 300, "width_mm": 220, "height_mm": 120}},
		"label":   map[string]string{"format": "zpl", "size": "4x6"}, "metadata": map[string]string{"source": "demo"},
	}
}
