package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tolerance is how far a callback's timestamp may be from our clock, as Standard Webhooks advises.
const tolerance = 5 * time.Minute

// receiver is what a shipper would build: an endpoint that believes a callback only when its signature is right.
type receiver struct {
	addr   string
	now    func() time.Time
	listen net.Listener
	server *http.Server

	mu   sync.Mutex
	come map[string]chan string // by shipment
}

// newReceiver listens at addr, or somewhere on loopback when that is empty or taken.
func newReceiver(addr string, now func() time.Time) (*receiver, error) {
	l, err := net.Listen("tcp", addr)
	if addr == "" || err != nil {
		if l != nil {
			_ = l.Close()
		}
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("callback receiver: %w", err)
		}
	}
	return &receiver{addr: l.Addr().String(), now: now, listen: l, come: map[string]chan string{}}, nil
}

func (r *receiver) serve(secret string) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return errors.New("the endpoint's signing secret is not base64")
	}
	r.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: r.handler(key)}
	go func() { _ = r.server.Serve(r.listen) }()
	return nil
}

// handler takes what was signed with the key, and keeps what it says of a shipment.
func (r *receiver) handler(key []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
		if err == nil {
			err = verify(key, req.Header, body, r.now())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		var event struct {
			Type string
			Data struct {
				Shipment string `json:"shipment_id"`
			}
		}
		if json.Unmarshal(body, &event) != nil || event.Type == "" {
			http.Error(w, "not an event", http.StatusBadRequest)
			return
		}
		if event.Data.Shipment != "" { // a test event is of no shipment, and is taken all the same
			select {
			case r.verified(event.Data.Shipment) <- event.Type + ", signature right, id " + req.Header.Get("webhook-id"):
			default: // told already
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// verified gives what the first callback of a shipment said, once its signature was found right.
func (r *receiver) verified(shipment string) chan string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.come[shipment] == nil {
		r.come[shipment] = make(chan string, 1)
	}
	return r.come[shipment]
}

func (r *receiver) close() {
	_ = r.listen.Close()
	if r.server != nil {
		_ = r.server.Close()
	}
}

// verify checks a callback as Standard Webhooks 1.0.0 says: any of the v1 signatures over id, timestamp and body
// must be right, and the timestamp recent.
func verify(key []byte, h http.Header, body []byte, now time.Time) error {
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil {
		return errors.New("webhook-id or webhook-timestamp is missing")
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return errors.New("webhook-timestamp is too old or too new")
	}
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, id+"."+stamp+".")
	_, _ = mac.Write(body)
	want := mac.Sum(nil)
	for signature := range strings.SplitSeq(h.Get("webhook-signature"), " ") {
		version, encoded, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.DecodeString(encoded)
		if version == "v1" && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("no signature is right")
}
