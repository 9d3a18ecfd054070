package batch_test

import (
	"context"
	"testing"
	"time"
)

// standing is how the shop's tenant stands.
type standing struct{ suspended, erased bool }

func (s *standing) Standing(context.Context, string) (suspended, erased bool, err error) {
	return s.suspended, s.erased, nil
}

// A batch of a suspended tenant has no row begun, can be cancelled, and goes on when the tenant is resumed.
func TestSuspended(t *testing.T) {
	s := newShop(t)
	who := &standing{suspended: true}
	s.expander.Tenants = who
	if _, err := s.post(order("a"), order("b")); err != nil {
		t.Fatal(err)
	}
	if err := s.deliver(time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := s.get(); got.Status != "processing" || s.shipments() != 0 {
		t.Fatalf("%s with %d shipments", got.Status, s.shipments())
	}
	who.suspended = false
	if err := s.deliver(time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := s.get(); got.Status != "created" || s.shipments() != 2 {
		t.Errorf("%s with %d shipments", got.Status, s.shipments())
	}
}

// Of an erased tenant there are no rows to read: the message is acknowledged.
func TestErased(t *testing.T) {
	s := newShop(t)
	s.expander.Tenants = &standing{suspended: true, erased: true}
	if _, err := s.post(order("a")); err != nil {
		t.Fatal(err)
	}
	if err := s.deliver(time.Minute); err != nil || s.shipments() != 0 {
		t.Errorf("%d shipments, %v", s.shipments(), err)
	}
}
