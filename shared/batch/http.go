package batch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ship"
)

// Shipments shows shipments by their ids.
type Shipments interface {
	Show(ctx context.Context, tenant string, mode ship.Mode, ids []string) (map[string]v1.Shipment, error)
	// Count tells how many have each status.
	Count(ctx context.Context, tenant string, mode ship.Mode, ids []string) (map[v1.Status]int64, error)
	// Labels answers the labels of shipments as one document, in the format and size that the request asks for.
	Labels(ctx context.Context, r api.Request, ids []string, name string) (api.Response, error)
}

// HTTP is the API side of batches.
type HTTP struct {
	Service   *Service
	Shipments Shipments
	NewID     func(r api.Request) string // the batch's, of the request's seed
}

// Create is POST /v1/batches.
func (h *HTTP) Create(ctx context.Context, r api.Request) (api.Response, error) {
	rows, err := ParseRows(r.Header.Get("Content-Type"), r.Body, r.Check)
	if err != nil {
		return api.Response{}, err
	}
	b, err := h.Service.Accept(ctx, r.Tenant, r.Mode, h.NewID(r), rows)
	if err != nil {
		return api.Response{}, err
	}
	obs.Note(ctx, "batch", b.ID)
	return h.answer(ctx, http.StatusAccepted, b)
}

// Get is GET /v1/batches/{id}.
func (h *HTTP) Get(ctx context.Context, r api.Request) (api.Response, error) {
	b, err := h.batch(ctx, r)
	if err != nil {
		return api.Response{}, err
	}
	return h.answer(ctx, http.StatusOK, b)
}

// Cancel is POST /v1/batches/{id}/cancel.
func (h *HTTP) Cancel(ctx context.Context, r api.Request) (api.Response, error) {
	b, err := h.Service.Cancel(ctx, r.Tenant, r.Mode, r.Params["id"])
	if errors.Is(err, ErrNotFound) {
		return api.Response{}, api.NotFound("batch", r.Params["id"])
	}
	if err != nil {
		return api.Response{}, err
	}
	return h.answer(ctx, http.StatusAccepted, b)
}

// List is GET /v1/batches.
func (h *HTTP) List(ctx context.Context, r api.Request) (api.Response, error) {
	limit, after, err := api.Page(r)
	if err != nil {
		return api.Response{}, err
	}
	found, next, err := h.Service.Reader.Batches(ctx, r.Tenant, r.Mode, limit, after)
	if errors.Is(err, ErrBadCursor) {
		return api.Response{}, api.BadCursor()
	}
	if err != nil {
		return api.Response{}, err
	}
	page := v1.BatchPage{Object: v1.List, Data: make([]v1.BatchSummary, len(found)), NextCursor: api.NextCursor(next)}
	for i, b := range found {
		page.Data[i] = v1.BatchSummary{Id: b.ID, Object: v1.BatchObjectBatch, Mode: v1.Mode(b.Mode), Status: v1.BatchStatus(b.Status), Rows: b.Rows, Created: b.Accepted, Rejected: b.Rejected, CreatedAt: b.Created, UpdatedAt: b.Updated}
	}
	return api.Response{Status: http.StatusOK, Body: page}, nil
}

// Rows is GET /v1/batches/{id}/rows.
func (h *HTTP) Rows(ctx context.Context, r api.Request) (api.Response, error) {
	limit, position, err := api.Page(r)
	if err != nil {
		return api.Response{}, err
	}
	after, err := strconv.ParseInt("0"+position, 10, 64)
	if err != nil || after > MostRows {
		return api.Response{}, api.BadCursor()
	}
	b, err := h.batch(ctx, r)
	if err != nil {
		return api.Response{}, err
	}
	rows, more, err := h.Service.Rows(ctx, b, after, int64(limit))
	if err != nil {
		return api.Response{}, err
	}
	var ids []string
	for _, row := range rows {
		if row.Shipment != "" {
			ids = append(ids, row.Shipment)
		}
	}
	shown, err := h.Shipments.Show(ctx, r.Tenant, r.Mode, ids)
	if err != nil {
		return api.Response{}, err
	}
	page := v1.BatchRowPage{Object: v1.List, Data: make([]v1.BatchRow, len(rows))}
	for i, row := range rows {
		page.Data[i] = showRow(row, shown)
	}
	if more {
		page.NextCursor = api.NextCursor(strconv.FormatInt(after+int64(len(rows)), 10))
	}
	return api.Response{Status: http.StatusOK, Body: page}, nil
}

// labelRows is how many rows go into one document.
const labelRows = 200

// Labels is GET /v1/batches/{id}/labels.
func (h *HTTP) Labels(ctx context.Context, r api.Request) (api.Response, error) {
	from := int64(1)
	if s := r.Query.Get("from_row"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 || n > MostRows {
			return api.Response{}, api.Malformed("invalid_row", fmt.Sprintf("from_row is %.50q; it is a whole number from 1 to %d.", s, MostRows))
		}
		from = n
	}
	b, err := h.batch(ctx, r)
	if err != nil {
		return api.Response{}, err
	}
	ids, err := h.Service.Shipments(ctx, b, from-1, labelRows)
	if err != nil {
		return api.Response{}, err
	}
	return h.Shipments.Labels(ctx, r, ids, fmt.Sprintf("%s-%d", b.ID, from))
}

func showRow(row Row, shown map[string]v1.Shipment) v1.BatchRow {
	out := v1.BatchRow{Row: row.Row, Status: v1.BatchRowStatus(row.Status)}
	if row.Reference != "" {
		out.Reference = &row.Reference
	}
	if s, ok := shown[row.Shipment]; ok {
		out.Shipment = &s
	}
	if no := row.Reject; no != nil {
		out.Problem = &v1.RowProblem{Code: no.Code, Detail: no.Detail}
		if no.Existing != "" {
			out.Problem.ExistingId = &no.Existing
		}
		if len(no.Problems) > 0 {
			fields := make([]v1.FieldProblem, len(no.Problems))
			for i, p := range no.Problems {
				fields[i] = v1.FieldProblem{Field: p.Field, Code: p.Code, Detail: p.Detail}
			}
			out.Problem.Errors = &fields
		}
	}
	return out
}

func (h *HTTP) batch(ctx context.Context, r api.Request) (Batch, error) {
	id := r.Params["id"]
	b, err := h.Service.Reader.Batch(ctx, r.Tenant, r.Mode, id)
	if errors.Is(err, ErrNotFound) {
		return b, api.NotFound("batch", id)
	}
	return b, err
}

// answer counts how far the rows and their shipments are, both from what is recorded of each row: the batch's own numbers
// lag a chunk behind, and for ever when it was cancelled.
func (h *HTTP) answer(ctx context.Context, status int, b Batch) (api.Response, error) {
	rows, _, err := h.Service.Rows(ctx, b, 0, b.Rows)
	if err != nil {
		return api.Response{}, err
	}
	var ids []string
	var created, rejected int64
	for _, row := range rows {
		switch row.Status {
		case RowCreated:
			created++
			ids = append(ids, row.Shipment)
		case RowRejected:
			rejected++
		}
	}
	n, err := h.Shipments.Count(ctx, b.Tenant, b.Mode, ids)
	if err != nil {
		return api.Response{}, err
	}
	return api.Response{Status: status, Body: v1.Batch{
		Id: b.ID, Object: v1.BatchObjectBatch, Mode: v1.Mode(b.Mode), Status: v1.BatchStatus(b.Status), Rows: b.Rows, Created: created, Rejected: rejected, CreatedAt: b.Created, UpdatedAt: b.Updated,
		Progress: v1.BatchProgress{Draft: n["draft"], Pending: n["pending"], Booking: n["booking"], Booked: n["booked"], Failed: n["failed"], Unknown: n["unknown"], Cancelling: n["cancelling"], Cancelled: n["cancelled"] + n["cancelled_locally"]},
	}}, nil
}
