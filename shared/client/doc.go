// Package client orders, finds and cancels shipments through Fairlead's API. It needs the standard library only.
//
//	c, err := client.New(os.Getenv("FAIRLEAD_API_KEY"), client.Options{BaseURL: os.Getenv("FAIRLEAD_URL")})
//	shipment, label, err := c.Book(ctx, order, time.Minute)
//
// There is one method for each operation of the contract, named as its operationId; types and methods are generated from
// the contract (infra/openapi.yaml). What is written by hand is what a contract can't say:
//
//   - A request whose answer did not come is sent again, and is done once all the same: every POST carries an
//     Idempotency-Key that stays the same over all attempts. A shipment's reference is a key of its own, for ever, so
//     that an order with a reference may be repeated even by another process.
//   - [Client.Book] books and waits; [Client.Await] waits for a shipment.
//   - [Client.Shipments] and its like go over all pages.
//   - Documents come as bytes, wherever they are kept. The API key is never sent to another place than the API.
//   - [VerifyWebhook] tells an event of Fairlead's from anybody else's.
//
// An answer that says no is a [*Problem]; [IsCode] tells which. Of optional fields, nil is absence: write new("text").
//
// # What is sent again
//
// Network errors, 429, 500, 502, 503, 504 and 409 request_in_flight, with growing pauses, as Retry-After asks, as often
// as Options allow and while the context lives. Nothing else is: another 4xx would only be answered the same.
//
// When an answer was lost, what was asked may have been done, and doing it again must change nothing. A POST has its key.
// A DELETE that finds nothing after a lost answer has done its work. A PATCH says the same twice; of one with [IfMatch],
// the server sees that the next version has what is asked for. If somebody else was faster, it is 412 with the current
// state in Problem.Shipment.
//
// A secret is shown once and kept nowhere. If the answer with a new API key, endpoint or signing secret is lost, the
// repetition is answered with 409 secret_shown_once, and Problem.ExistingID is what was made: rotate its secret, or
// remove it and make another.
package client
