package client_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/client"
)

// Where the API of the examples is.
var url, key string

func TestMain(m *testing.M) {
	f := client.NewFake()
	url, key = f.URL, f.Key
	code := m.Run()
	f.Close()
	os.Exit(code)
}

func Example() {
	ctx := context.Background()
	c, err := client.New(key, client.Options{BaseURL: url})
	if err != nil {
		log.Fatal(err)
	}
	office := client.Address{Name: "Cedar Books", Lines: []string{"1 Main Street"}, City: "New York", State: new("NY"), Postcode: new("10001"), Country: "US"}
	home := client.Address{Name: "Jo Doe", Lines: []string{"2 Side Street"}, City: "Boston", State: new("MA"), Postcode: new("02108"), Country: "US"}

	shipment, label, err := c.Book(ctx, client.ShipmentRequest{
		Reference: new("order-1001-1"), // names this one physical shipment, for ever
		Service:   new("sim_standard"), CarrierAccount: new("ca_1"),
		ShipFrom: office, ShipTo: home, Parcels: []client.Parcel{{WeightG: 1200}},
	}, time.Minute)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shipment.Status, *shipment.TrackingNumber, label.MediaType)
	// Output: booked 1Zshp_1 application/zpl
}

func ExampleClient_UpdateShipment() {
	ctx := context.Background()
	c, err := client.New(key, client.Options{BaseURL: url})
	if err != nil {
		log.Fatal(err)
	}
	order := client.Order("order-1002-1")
	order.OrderNumber = new("1002")
	draft, err := c.CreateShipment(ctx, order)
	if err != nil {
		log.Fatal(err)
	}

	patch := client.Patch{"order_number": nil, "parcels": []client.Parcel{{WeightG: 1500}}}
	changed, err := c.UpdateShipment(ctx, draft.ID, patch, client.IfMatch(draft.Version))
	if client.IsCode(err, "version_mismatch") {
		log.Fatal("somebody else changed it meanwhile: look again")
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(changed.OrderNumber == nil, changed.Parcels[0].WeightG, "g")
	// Output: true 1500 g
}

func ExampleClient_Shipments() {
	c, err := client.New(key, client.Options{BaseURL: url})
	if err != nil {
		log.Fatal(err)
	}
	for s, err := range c.Shipments(context.Background(), client.ListShipmentsParams{Reference: new("order-1001-1")}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.ID, s.Status)
	}
	// Output: shp_1 booked
}

func ExampleVerifyWebhook() {
	secrets := []string{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="} // both, while one replaces the other
	receive := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		event, err := client.VerifyWebhook(secrets, r.Header, body, time.Now(), client.WebhookTolerance)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Println(event.ID, event.Type, event.Data.ShipmentID) // keep event.ID: it may come again
	}

	forged := httptest.NewRequest("POST", "/fairlead", strings.NewReader(`{"type":"shipment.booked"}`))
	w := httptest.NewRecorder()
	receive(w, forged)
	fmt.Println(w.Code)
	// Output: 401
}
