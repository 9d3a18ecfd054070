package booking

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/document"
	"github.com/fairlead/fairlead/shared/ship"
)

const (
	linkLife      = 15 * time.Minute
	largestAnswer = 4 << 20 // bytes: an answer of a function has 6 MB, and what is binary grows by a third on its way
	mostLabels    = 100     // in one document that is asked for by ids
	labelsAtOnce  = 16      // are read side by side
	mostParcels   = 20      // that a shipment can have, by the contract
)

// Labels reads stored labels. Absent is ErrNotFound.
type Labels interface {
	Label(ctx context.Context, tenant string, mode ship.Mode, id, number string) (ship.Label, error)
	// Invoice is the customs invoice that the carrier made.
	Invoice(ctx context.Context, tenant string, mode ship.Mode, id, number string) (ship.Label, error)
}

// Files keeps documents to be downloaded by a link that needs no API key.
type Files interface {
	PutFile(ctx context.Context, tenant, key string, data []byte, mediaType string) error
	URL(ctx context.Context, tenant, key string, ttl time.Duration, mediaType, fileName string) (string, error)
}

// Label is GET /v1/shipments/{id}/label.
func (h *HTTP) Label(ctx context.Context, r api.Request) (api.Response, error) {
	id, err := shipmentID(r)
	if err != nil {
		return api.Response{}, err
	}
	want, err := asked(r, []ship.LabelFormat{ship.ZPL, ship.GIF, ship.PNG, ship.PDF})
	if err != nil {
		return api.Response{}, err
	}
	parcel, err := parcelAsked(r)
	if err != nil {
		return api.Response{}, err
	}
	a, err := h.Service.Get(ctx, r.Tenant, r.Mode, id)
	if errors.Is(err, ErrNotFound) {
		return api.Response{}, api.NotFound("shipment", id)
	}
	if err != nil {
		return api.Response{}, err
	}
	if err := labelled(a.Record); err != nil {
		return api.Response{}, err
	}
	label, err := h.Labels.Label(ctx, r.Tenant, r.Mode, id, a.Record.TrackingNumber)
	if err != nil {
		return api.Response{}, unread(id, err)
	}
	label, number, err := parcelOf(label, a.Record, parcel)
	if err != nil {
		return api.Response{}, err
	}
	doc, err := document.Convert(label, orElse(want, ordered(label, a.Shipment.Label)))
	if err != nil {
		return api.Response{}, notAcceptable(err)
	}
	return h.handOut(ctx, r, doc, number)
}

// Invoice is GET /v1/shipments/{id}/invoice.
func (h *HTTP) Invoice(ctx context.Context, r api.Request) (api.Response, error) {
	id, err := shipmentID(r)
	if err != nil {
		return api.Response{}, err
	}
	rec, err := h.Service.Reader.Record(ctx, r.Tenant, r.Mode, id)
	if errors.Is(err, ErrNotFound) {
		return api.Response{}, api.NotFound("shipment", id)
	}
	if err != nil {
		return api.Response{}, err
	}
	invoice, err := h.Labels.Invoice(ctx, r.Tenant, r.Mode, id, rec.TrackingNumber)
	if rec.TrackingNumber == "" || errors.Is(err, ErrNotFound) {
		return api.Response{}, &api.Error{Status: http.StatusNotFound, Code: "no_invoice", Detail: "There is no customs invoice of this shipment. The carrier makes one when it books across a customs border; after a booking that was found by a look-up, or when it could not be stored, print it with the carrier."}
	}
	if err != nil {
		return api.Response{}, fmt.Errorf("reading the invoice of %s: %w", id, err)
	}
	doc := document.Document{Data: slices.Concat(invoice.Pages...), MediaType: invoice.Format.MediaType(), Extension: string(invoice.Format)}
	return h.handOut(ctx, r, doc, "invoice-"+rec.TrackingNumber)
}

// unread is why a label that was stored can't be read.
func unread(id string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return &api.Error{Status: http.StatusGone, Code: "label_erased", Detail: "The label of " + id + " is not kept any more: labels are erased with the rest of an order's personal data."}
	}
	return fmt.Errorf("reading the label of %s: %w", id, err)
}

// printable tells whether a label is stored and may be shipped with: a void one never is handed out again.
func printable(r Record) bool { return r.Document == DocumentReady && r.Status != Cancelled }

// labelled tells why a shipment has no label to be had.
func labelled(r Record) error {
	if printable(r) {
		return nil
	}
	if r.Document == DocumentReady {
		return &api.Error{Status: http.StatusGone, Code: "label_void", Detail: "The shipment is cancelled and its label is void at the carrier: it must not be shipped with. Order under a new reference."}
	}
	detail := fmt.Sprintf("The shipment is %s and has no label.", r.Status)
	switch r.Document {
	case DocumentPending:
		detail = "The shipment is booked; its label is still being fetched from the carrier. Ask again in a moment."
	case DocumentFailed:
		detail = "The shipment is booked, but the carrier did not hand its label out for a day. Print it with the carrier, by its tracking number."
	}
	return &api.Error{Status: http.StatusNotFound, Code: "label_not_ready", Detail: detail}
}

// usable tells why a label should not be printed among others: there is none, or its shipment is being taken back. Alone,
// by its shipment's id, it can be had for as long as it is there.
func usable(r Record) *ship.Problem {
	if !r.CancelWanted.IsZero() || r.Status == Cancelling || r.Status == Cancelled || r.Status == CancelledLocally {
		return &ship.Problem{Code: "label_void", Detail: "The shipment is cancelled, or about to be: its label must not be used."}
	}
	if err, ok := errors.AsType[*api.Error](labelled(r)); ok {
		return &ship.Problem{Code: err.Code, Detail: err.Detail}
	}
	return nil
}

// parcelAsked is the number of the parcel whose label a request asks for, 0 for all.
func parcelAsked(r api.Request) (int, error) {
	parcel := r.Query.Get("parcel")
	if parcel == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(parcel)
	if err != nil || n < 1 || n > mostParcels {
		return 0, api.Malformed("invalid_parcel", fmt.Sprintf("parcel is %.50q; it is a number from 1 to %d.", parcel, mostParcels))
	}
	return n, nil
}

// parcelOf is the label of the nth parcel, of all when n is 0, and the tracking number that names its file.
func parcelOf(l ship.Label, rec Record, n int) (ship.Label, string, error) {
	if n == 0 {
		return l, rec.TrackingNumber, nil
	}
	one, err := document.Parcel(l, n)
	if err != nil {
		return l, "", &api.Error{Status: http.StatusNotFound, Code: "no_such_parcel", Detail: fmt.Sprintf("There is no parcel %d; this label has parcels 1 to %d.", n, len(l.Pages))}
	}
	if numbers := append([]string{rec.TrackingNumber}, rec.Numbers...); n <= len(numbers) {
		return one, numbers[n-1], nil
	}
	return one, fmt.Sprintf("%s-%d", rec.TrackingNumber, n), nil // the carrier numbered the shipment, not its parcels
}

// ordered is what was ordered, as far as this label can be that: a picture of several parcels is no single picture, and is
// a PDF then.
func ordered(l ship.Label, spec ship.LabelSpec) ship.LabelSpec {
	can := document.Available(l)
	if slices.Contains(can, spec) || len(can) == 0 {
		return spec
	}
	return can[0]
}

// asZip is the format of a pack that no label has.
const asZip = ship.LabelFormat("zip")

// accepted is the format that the first media type of Accept names, "" when it names none of these.
func accepted(r api.Request, formats []ship.LabelFormat) string {
	first := firstMedia(r.Header.Get("Accept"))
	for _, f := range formats {
		if f.MediaType() == first || f == asZip && first == "application/zip" {
			return string(f)
		}
	}
	return ""
}

// asked is the format and the size that a request names, "" for each that it leaves out. A format that is left out is the
// one that Accept names.
func asked(r api.Request, formats []ship.LabelFormat) (ship.LabelSpec, error) {
	spec := ship.LabelSpec{Format: ship.LabelFormat(cmp.Or(r.Query.Get("format"), accepted(r, formats))), Size: r.Query.Get("size")}
	if spec.Format != "" && !slices.Contains(formats, spec.Format) {
		return spec, api.Malformed("invalid_format", fmt.Sprintf("There is no format %.50q here; the formats are %s.", spec.Format, enumerated(formats)))
	}
	if sizes := []string{ship.Size4x6, ship.SizeA4, ship.SizeLetter}; spec.Size != "" && !slices.Contains(sizes, spec.Size) {
		return spec, api.Malformed("invalid_size", fmt.Sprintf("There is no size %.50q; the sizes are %s.", spec.Size, enumerated(sizes)))
	}
	return spec, nil
}

// orElse is what was asked for, and as ordered what nobody named; a format that has no sheets is on label stock then.
func orElse(asked, order ship.LabelSpec) ship.LabelSpec {
	if asked.Format != "" && asked.Format != ship.PDF {
		order.Size = ship.Size4x6
	}
	return ship.LabelSpec{Format: cmp.Or(asked.Format, order.Format), Size: cmp.Or(asked.Size, order.Size)}
}

// notAcceptable says what can be had in place of what was asked for.
func notAcceptable(err error) error {
	no, ok := errors.AsType[*document.NotConvertible](err)
	if !ok && !errors.Is(err, document.ErrUnreadable) {
		return err
	}
	e := &api.Error{Status: http.StatusNotAcceptable, Code: "not_convertible", Detail: strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + "."}
	if ok {
		if slices.ContainsFunc(no.Misfits, func(m document.Misfit) bool { return m.Format == ship.ZPL }) {
			e.Detail += " Labels that are ordered as png can be had as pdf on every size as well."
		}
		if slices.ContainsFunc(no.Misfits, func(m document.Misfit) bool { return m.Name != "" }) { // of several shipments
			e.Detail += " With format=zip each label is a file of its own, as it is."
		}
		can := make([]v1.LabelRequest, len(no.Available))
		for i, s := range no.Available {
			can[i] = v1.LabelRequest{Format: optional(v1.LabelFormat(s.Format)), Size: optional(v1.LabelSize(s.Size))}
		}
		e.Extra = map[string]any{"available": can}
	}
	return e
}

// Pack is GET /v1/labels.
func (h *HTTP) Pack(ctx context.Context, r api.Request) (api.Response, error) {
	ids := strings.Split(r.Query.Get("shipments"), ",")
	for i := range ids {
		ids[i] = strings.TrimSpace(ids[i])
	}
	if r.Query.Get("shipments") == "" || len(ids) > mostLabels {
		return api.Response{}, api.Malformed("invalid_shipments", fmt.Sprintf("Give 1 to %d ids of shipments in shipments, separated by commas.", mostLabels))
	}
	possible := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !api.MaybeID(id) }) // no key of the database takes any length
	found, err := h.Lister.Many(ctx, r.Tenant, r.Mode, possible)
	if err != nil {
		return api.Response{}, err
	}
	var problems []ship.Problem
	for i, id := range ids {
		at := fmt.Sprintf("shipments[%d]", i)
		n := slices.IndexFunc(found, func(a Accepted) bool { return a.Record.ID == id })
		if n < 0 {
			problems = append(problems, ship.Problem{Field: at, Code: "not_found", Detail: fmt.Sprintf("There is no shipment %.64q for this API key.", id)})
		} else if p := usable(found[n].Record); p != nil {
			p.Field = at
			problems = append(problems, *p)
		}
	}
	if len(problems) > 0 {
		e := api.Invalid("Not every shipment has a label; each that has none is listed in errors with its place.", problems...)
		return api.Response{}, e
	}
	return h.PackAll(ctx, r, found, "labels")
}

// PackAll answers the labels of shipments as one document, in the format and size that the request asks for. Shipments
// without a label are left out, and those that are cancelled or being cancelled.
func (h *HTTP) PackAll(ctx context.Context, r api.Request, all []Accepted, name string) (api.Response, error) {
	want, err := asked(r, []ship.LabelFormat{ship.PDF, asZip, ship.ZPL})
	if err != nil {
		return api.Response{}, err
	}
	want = orElse(want, ship.LabelSpec{Format: ship.PDF, Size: ship.Size4x6})
	if want.Format == asZip && r.Query.Get("size") != "" {
		return api.Response{}, api.Malformed("invalid_size", "The files of a zip are as the carriers made them: leave size out, or ask for pdf.")
	}
	all = slices.DeleteFunc(slices.Clone(all), func(a Accepted) bool { return usable(a.Record) != nil })
	if len(all) == 0 {
		return api.Response{}, &api.Error{Status: http.StatusNotFound, Code: "label_not_ready", Detail: "None of the shipments has a label, or they are cancelled. Ask again when some are booked."}
	}
	labels, err := h.named(ctx, r.Tenant, all)
	if err != nil {
		return api.Response{}, err
	}
	var doc document.Document
	if want.Format == asZip {
		doc, err = document.Zip(labels, ship.LabelSpec{})
	} else {
		doc, err = document.Pack(labels, want)
	}
	if err != nil {
		return api.Response{}, notAcceptable(err)
	}
	return h.handOut(ctx, r, doc, name)
}

// named reads the labels of shipments, several at a time.
func (h *HTTP) named(ctx context.Context, tenant string, all []Accepted) ([]document.Named, error) {
	out := make([]document.Named, len(all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(labelsAtOnce)
	for i, a := range all {
		group.Go(func() error {
			l, err := h.Labels.Label(ctx, tenant, a.Record.Mode, a.Record.ID, a.Record.TrackingNumber)
			if err != nil {
				return unread(a.Record.ID, err)
			}
			name := a.Record.Reference
			if name == "" {
				name = a.Record.ID
			}
			out[i] = document.Named{Name: name, Label: l}
			return nil
		})
	}
	return out, group.Wait()
}

// handOut answers a document: as a link when that is asked for, elsewhere when it is too large for an answer, else its
// bytes.
func (h *HTTP) handOut(ctx context.Context, r api.Request, doc document.Document, name string) (api.Response, error) {
	asked := firstMedia(r.Header.Get("Accept"))
	if name += "." + doc.Extension; asked == api.JSON || len(doc.Data) > largestAnswer {
		url, err := h.link(ctx, r, doc, name)
		if err != nil {
			return api.Response{}, err
		}
		if asked != api.JSON {
			return api.Response{Status: http.StatusSeeOther, Header: map[string]string{"Location": url}}, nil
		}
		return api.Response{Status: http.StatusOK, Body: v1.DocumentLink{Object: v1.DocumentLinkObjectDocumentLink, Url: url, MediaType: doc.MediaType, SizeBytes: int64(len(doc.Data)),
			ExpiresAt: h.Service.Now().Add(linkLife).UTC().Truncate(time.Second)}}, nil
	}
	if !utf8.Valid(doc.Data) && !slices.Contains(binaryMedia, asked) {
		return api.Response{}, &api.Error{Status: http.StatusNotAcceptable, Code: "accept_required", Detail: "The document is binary; send `Accept: " + doc.MediaType + "` alone, or the gateway would hand it out as base64 text. With `Accept: application/json` the answer is a link to it."}
	}
	return api.Response{Status: http.StatusOK, Raw: doc.Data, MediaType: doc.MediaType, Header: map[string]string{"Content-Disposition": fmt.Sprintf("inline; filename=%q", name)}}, nil
}

// link stores a document under its content, so that asking again stores nothing new, and signs a link to it.
func (h *HTTP) link(ctx context.Context, r api.Request, doc document.Document, name string) (string, error) {
	sum := sha256.Sum256(doc.Data)
	key := fmt.Sprintf("files/%s/%s/%s.%s", r.Tenant, r.Mode, hex.EncodeToString(sum[:16]), doc.Extension)
	if err := h.Files.PutFile(ctx, r.Tenant, key, doc.Data, doc.MediaType); err != nil {
		return "", err
	}
	return h.Files.URL(ctx, r.Tenant, key, linkLife, doc.MediaType, name)
}

// binaryMedia are the media types that template.yaml names as the API's binary ones: API Gateway hands out bytes when the
// first media type of Accept is one of them, and base64 otherwise.
var binaryMedia = []string{"application/zpl", "application/pdf", "application/zip", "image/gif", "image/png"}

// firstMedia is the first media type of an Accept header.
func firstMedia(accept string) string {
	first, _, _ := strings.Cut(accept, ",")
	first, _, _ = strings.Cut(first, ";")
	return strings.TrimSpace(first)
}
