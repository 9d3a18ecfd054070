package client

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	longestWait = 20 * time.Second // that the server waits for an outcome
	// A server that does not wait is asked at growing distances.
	firstLook   = 500 * time.Millisecond
	slowestLook = 5 * time.Second
)

// NoLabel is a shipment that there is no label for, or not yet; its status and document tell why.
type NoLabel struct{ Shipment Shipment }

// Error says what became of the shipment and what to do.
func (e *NoLabel) Error() string {
	s := e.Shipment
	why := ""
	if s.Error != nil {
		why = fmt.Sprintf(" (%s, says the %s: %s)", s.Error.Code, s.Error.Source, s.Error.Detail)
	}
	switch {
	case s.Status == StatusFailed:
		return fmt.Sprintf("shipment %s was not booked%s; correct it and confirm it again", s.ID, why)
	case s.Status == StatusUnknown:
		return fmt.Sprintf("whether shipment %s is booked is not known yet%s; it is being found out, don't order it again", s.ID, why)
	case s.Status == StatusBooked && s.Document == DocumentStatePending:
		return fmt.Sprintf("shipment %s is booked and its label is not there yet; ask for it later", s.ID)
	case s.Status == StatusBooked:
		return fmt.Sprintf("shipment %s is booked and has no label; its document is %s", s.ID, s.Document)
	case s.Ended():
		return fmt.Sprintf("shipment %s is %s", s.ID, s.Status)
	}
	return fmt.Sprintf("shipment %s is still %s; ask for it later", s.ID, s.Status)
}

// Ended tells whether waiting any longer is of no use: it is booked and its label is there or will never be, or it will
// not be booked without somebody's doing.
func (s Shipment) Ended() bool {
	switch s.Status {
	case StatusBooked:
		cancelling := s.Cancellation != nil && (s.Cancellation.Status == CancellationStatusRequested || s.Cancellation.Status == CancellationStatusInProgress)
		return s.Document != DocumentStatePending && !cancelling
	case StatusDraft, StatusFailed, StatusCancelled, StatusCancelledLocally:
		return true
	}
	return s.Held
}

// Book orders a shipment, waits up to wait for what becomes of it, and returns it with its label. The error is nil only
// when it is booked and the label is there. It is *NoLabel when the shipment failed, or when it is not known yet, as the
// time is up, what becomes of it; the shipment is then what is known. After any other error order again with the same
// reference, which books nothing twice.
func (c *Client) Book(ctx context.Context, order ShipmentRequest, wait time.Duration, options ...Option) (Shipment, Document, error) {
	order.Confirm = new(true)
	end := c.now().Add(wait)
	s, err := c.CreateShipment(ctx, order, append([]Option{Wait(wait)}, options...)...)
	if err == nil && !s.Ended() {
		s, err = c.await(ctx, s, end)
	}
	if err != nil {
		return s, Document{}, err
	}
	if s.Status != StatusBooked || s.Document != DocumentStateReady {
		return s, Document{}, &NoLabel{s}
	}
	label, err := c.Label(ctx, s)
	return s, label, err
}

// Await waits until the shipment has ended, up to wait, and returns it as it then is: see [Shipment.Ended]. With an
// error it is what was last seen of it.
func (c *Client) Await(ctx context.Context, id ShipmentID, wait time.Duration, options ...Option) (Shipment, error) {
	end := c.now().Add(wait)
	s, err := c.GetShipment(ctx, id, append(slices.Clip(options), Wait(wait))...)
	if err != nil || s.Ended() {
		return s, err
	}
	return c.await(ctx, s, end, options...)
}

// await asks for a shipment until it has ended or the time is up.
func (c *Client) await(ctx context.Context, s Shipment, end time.Time, options ...Option) (Shipment, error) {
	for pause := firstLook; ; pause = min(pause*2, slowestLook) {
		asked := c.now()
		left := end.Sub(asked)
		if left <= 0 {
			return s, nil
		}
		seen, err := c.GetShipment(ctx, s.ID, append(slices.Clip(options), Wait(left))...)
		if err != nil {
			return s, err
		}
		if s = seen; s.Ended() {
			return s, nil
		}
		if took := c.now().Sub(asked); took < pause {
			if err := c.sleep(ctx, min(pause-took, max(end.Sub(c.now()), 0))); err != nil {
				return s, fmt.Errorf("client: waiting for shipment %s: %w", s.ID, err)
			}
		}
	}
}

// Label is the label of a booked shipment in the format that was ordered: the one that came with it, or fetched.
func (c *Client) Label(ctx context.Context, s Shipment) (Document, error) {
	if s.LabelFile != nil {
		return Document{MediaType: s.LabelFile.MediaType, Data: s.LabelFile.Content}, nil
	}
	return c.GetLabel(ctx, s.ID, GetLabelParams{Format: s.Label.Format})
}
