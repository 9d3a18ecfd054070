package main

import (
	"context"
	"fmt"
	"net/http"
)

// sendBatch orders a whole batch and returns its id, which is what its shipments carry as their correlation id.
func (b *bench) sendBatch(ctx context.Context, request string) (string, error) {
	rows := make([]map[string]any, b.rows)
	for i := range rows {
		rows[i] = b.shop.order(fmt.Sprintf("%s-%d", request, i), true)
	}
	var made struct{ ID string }
	header := http.Header{"X-Request-Id": {token(request)}, "Idempotency-Key": {token(request)}}
	_, err := b.shop.call(ctx, http.MethodPost, "/v1/batches", header, map[string]any{"shipments": rows}, &made)
	return made.ID, err
}
