package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/fairlead/fairlead/shared/callback"
)

// Amounts here are thousandths of a unit for one booking, and money millionths of a dollar for a million bookings.

// item is one line of the bill.
type item struct {
	name        string
	alone, busy int64 // amounts: each message by itself, and in full batches
	price       int64 // of a million units
	gateway     bool  // it costs less behind an HTTP API
	beside      bool  // not in the totals: the goal does not know it
}

func dollars(amount, price int64) int64 { return amount * price / 1000 }

// bill prices what a flow consumed.
func bill(o outcome) []item {
	c, calls := o.average(), o.apiCalls()
	var requests, seconds item
	for _, name := range inOrder {
		use := o.lambda(name)
		requests.alone, requests.busy = requests.alone+use.alone.requests, requests.busy+use.busy.requests
		seconds.alone, seconds.busy = seconds.alone+use.alone.gbSeconds, seconds.busy+use.busy.gbSeconds
	}
	send, receive := o.messages()
	keys := int64(1000) / bookingsPerKey // book-shipment: the carrier's credentials
	if o.endpoint {
		keys *= 2 // deliver-callback: the signing secret
	}
	logs := o.logBytes / int64(o.shipments()) * 1000
	items := []item{
		{name: "API Gateway calls", alone: calls, busy: calls, price: priceRESTCall, gateway: true},
		{name: "DynamoDB write units", alone: total(c.writes), busy: total(c.writes), price: priceWriteUnit},
		{name: "DynamoDB write units, label", alone: c.label, busy: c.label, price: priceWriteUnit},
		{name: "DynamoDB write units, limits", alone: c.limits, busy: c.limits, price: priceWriteUnit},
		{name: "DynamoDB read units", alone: total(c.reads), busy: total(c.reads), price: priceReadUnit},
		{name: "Lambda requests", alone: requests.alone, busy: requests.busy, price: priceLambdaRequest},
		{name: "Lambda GB-seconds", alone: seconds.alone, busy: seconds.busy, price: priceGBSecond},
		{name: "SQS requests", alone: send.alone + receive.alone, busy: send.busy + receive.busy, price: priceSQSRequest},
		{name: "KMS requests", alone: keys, busy: keys, price: priceKMSRequest},
	}
	if o.rows > 0 {
		items = append(items, item{name: "S3 PUT requests", alone: calls, busy: calls, price: priceS3Put}) // the rows as they were sent
	}
	return append(items, item{name: "beside: CloudWatch Logs, bytes", alone: logs, busy: logs, price: priceLogByte, beside: true})
}

// apiCalls is how often the API is called for a booking.
func (f flow) apiCalls() int64 {
	switch {
	case f.twoCalls:
		return 2000
	case f.rows > 0:
		return 1000 / int64(f.rows)
	}
	return 1000
}

// pair is an amount one at a time and in batches.
type pair struct{ alone, busy int64 }

// messages is what SQS bills: every message is sent, received and deleted. relay-events sends in batches, and
// fan-out-events one by one.
func (o outcome) messages() (send, receive pair) {
	const relayed = 2 // to book, and the event
	send = pair{relayed * 1000, relayed * 1000 / batch}
	all := int64(relayed)
	if o.endpoint {
		send.alone, send.busy, all = send.alone+1000, send.busy+1000, all+1
	}
	receive = pair{all * 2 * 1000, all * 2 * 1000 / batch}
	if o.rows > 0 { // the batch's own message
		send.busy, receive.busy = send.busy+1000/int64(o.rows), receive.busy+2*1000/int64(o.rows)
	}
	return send, receive
}

// use is what Lambda bills for one function.
type use struct{ requests, gbSeconds int64 }

// lambda prices a function's time: what it waits for (assumed) and what it computes (measured, and stretched to the
// share of a processor that its memory gives it). A batch of messages waits once, for they go side by side; only callbacks
// to one endpoint go few at a time.
func (o outcome) lambda(name string) struct{ alone, busy use } {
	var out struct{ alone, busy use }
	w := o.work[name]
	if w.invocations == 0 {
		return out
	}
	times := o.times(name) // for one booking, in thousandths
	each := int64(o.shipments()) * times / 1000
	wait, compute := waitDynamoDB*o.calls(name)/each, w.cpu.Microseconds()/each
	rounds := int64(1)
	switch name {
	case "create-batch":
		wait += waitS3
	case "expand-batch":
		wait = wait/rowsAtOnce + waitS3
	case "create-shipment":
		if o.waiting {
			wait += waitBooked
		}
	case "relay-events", "fan-out-events":
		wait += waitSQS
	case "book-shipment":
		wait += waitCarrier
	case "deliver-callback":
		wait, rounds = wait+waitEndpoint, batch/callback.PerEndpoint
	}
	if w.memoryMB < fullCPU {
		compute = compute * fullCPU / int64(w.memoryMB)
	}
	out.alone = billed(times, wait+compute, w.memoryMB)
	out.busy = billed(times/batch, rounds*wait+batch*compute, w.memoryMB)
	switch name {
	case "create-batch", "expand-batch", "create-shipment", "confirm-shipment": // these take one at a time
		out.busy = out.alone
	}
	return out
}

// times is how often a function does its work for a booking, in thousandths: relay-events for the order and for its end,
// the others once. Those of a batch do it once for all of its shipments.
func (o outcome) times(name string) int64 {
	switch name {
	case "create-batch", "expand-batch":
		return 1000 / int64(max(1, o.rows))
	case "relay-events":
		return 2000
	}
	return 1000
}

// billed rounds each invocation up to a millisecond, as Lambda does.
func billed(invocations, micros int64, memoryMB int) use {
	millis := (micros + 999) / 1000
	return use{invocations, invocations * millis * int64(memoryMB) / 1024 / 1000}
}

// calls counts a function's calls of DynamoDB.
func (o outcome) calls(name string) (n int64) {
	for _, readings := range o.bookings {
		for _, r := range readings {
			if r.Function == name {
				n++
			}
		}
	}
	return n
}

// sums are the totals of a bill, by kind of API.
func sums(items []item) (rest, http pair) {
	for _, i := range items {
		if i.beside {
			continue
		}
		rest.alone, rest.busy = rest.alone+dollars(i.alone, i.price), rest.busy+dollars(i.busy, i.price)
		http.alone, http.busy = http.alone+dollars(i.alone, i.onHTTP()), http.busy+dollars(i.busy, i.onHTTP())
	}
	return rest, http
}

// onHTTP is the item's price behind an HTTP API.
func (i item) onHTTP() int64 {
	if i.gateway {
		return priceHTTPCall
	}
	return i.price
}

// printPrices prints the bill of the first flow and the totals of the others.
func printPrices(out io.Writer, runs []outcome) {
	_, _ = fmt.Fprintf(out, "List price of a million bookings, in dollars (%s):\n", pricesAsOf)
	_, _ = fmt.Fprintf(out, "%s, one callback endpoint, a label of %d bytes.\n\n", runs[0].name, runs[0].label)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "\teach by itself\tREST API\tHTTP API\tin batches of 10\tREST API\tHTTP API\t")
	for _, i := range bill(runs[0]) {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", i.name, units(i.alone), cents(dollars(i.alone, i.price)), cents(dollars(i.alone, i.onHTTP())),
			units(i.busy), cents(dollars(i.busy, i.price)), cents(dollars(i.busy, i.onHTTP())))
	}
	for _, o := range runs {
		rest, http := sums(bill(o))
		alone := []string{cents(rest.alone), cents(http.alone)}
		if o.rows > 0 { // much to do by its nature
			alone = []string{"", ""}
		}
		_, _ = fmt.Fprintf(w, "TOTAL, %s\t\t%s\t%s\t\t%s\t%s\t\n", o.name, alone[0], alone[1], cents(rest.busy), cents(http.busy))
	}
	_ = w.Flush()
	printGoals(out, runs)
	printLambda(out, runs[0])
	_, _ = fmt.Fprintf(out, `Assumed waits: DynamoDB %d ms a call, SQS %d ms, the carrier %d ms, a callback %d ms. Processor time is this machine's,
with the meter's own, and stretched to the share of a processor that a function's memory gives it.
One that waits for its label holds create-shipment %d ms longer. A label of 2 KB, gzipped, is one write unit more (%s).
Left out because a booking adds nothing to it: polls of empty queues, wake, the KMS key itself, alarms. Left out because
this label needs none: S3 (labels over 3 KB gzipped). Left out besides: cold starts, storage, data transfer, what is read
afterwards, and the lines that Lambda itself writes to the logs.

`, waitDynamoDB/1000, waitSQS/1000, waitCarrier/1000, waitEndpoint/1000, waitBooked/1000, cents(priceWriteUnit))
}

// printGoals holds the totals in full batches of messages against their goals.
func printGoals(out io.Writer, runs []outcome) {
	_, _ = fmt.Fprintln(out)
	for _, o := range runs {
		most := int64(goal)
		switch {
		case o.rows > 0:
			most = goalBatches
		case o.name != flows[0].name:
			continue
		}
		rest, _ := sums(bill(o))
		verdict := "reached"
		if rest.busy > most {
			verdict = "not reached"
		}
		_, _ = fmt.Fprintf(out, "%s through the REST API, when there is enough to do that messages come in batches of %d: %s, goal at most %s: %s.\n", o.name, batch, cents(rest.busy), cents(most), verdict)
	}
}

// printLambda shows what the Lambda lines are made of.
func printLambda(out io.Writer, o outcome) {
	_, _ = fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "function\tmemory, MB\tinvocations\tprocessor, ms each\tGB-seconds\tin batches\t")
	for _, name := range inOrder {
		f := o.work[name]
		if f.invocations == 0 {
			continue
		}
		u := o.lambda(name)
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t\n", name, f.memoryMB, units(u.alone.requests),
			units(f.cpu.Microseconds()/f.invocations), units(u.alone.gbSeconds), units(u.busy.gbSeconds))
	}
	_ = w.Flush()
	_, _ = fmt.Fprintln(out)
}

// cents prints millionths of a dollar in dollars and cents.
func cents(micros int64) string {
	c := (micros + 5_000) / 10_000
	return fmt.Sprintf("%d.%02d", c/100, c%100)
}
