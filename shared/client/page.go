package client

import (
	"context"
	"iter"
)

// Shipments are all that a query finds, newest first. An error is the last thing that comes.
func (c *Client) Shipments(ctx context.Context, query ListShipmentsParams, options ...Option) iter.Seq2[Shipment, error] {
	return each(query.Cursor, func(cursor *string) ([]Shipment, *string, error) {
		query.Cursor = cursor
		p, err := c.ListShipments(ctx, query, options...)
		return p.Data, p.NextCursor, err
	})
}

// Batches are all batches, newest first.
func (c *Client) Batches(ctx context.Context, query ListBatchesParams, options ...Option) iter.Seq2[BatchSummary, error] {
	return each(query.Cursor, func(cursor *string) ([]BatchSummary, *string, error) {
		query.Cursor = cursor
		p, err := c.ListBatches(ctx, query, options...)
		return p.Data, p.NextCursor, err
	})
}

// BatchRows are all rows of a batch, in their order.
func (c *Client) BatchRows(ctx context.Context, id BatchID, query ListBatchRowsParams, options ...Option) iter.Seq2[BatchRow, error] {
	return each(query.Cursor, func(cursor *string) ([]BatchRow, *string, error) {
		query.Cursor = cursor
		p, err := c.ListBatchRows(ctx, id, query, options...)
		return p.Data, p.NextCursor, err
	})
}

// CarrierAccounts are all accounts of the key's mode.
func (c *Client) CarrierAccounts(ctx context.Context, query ListCarrierAccountsParams, options ...Option) iter.Seq2[CarrierAccount, error] {
	return each(query.Cursor, func(cursor *string) ([]CarrierAccount, *string, error) {
		query.Cursor = cursor
		p, err := c.ListCarrierAccounts(ctx, query, options...)
		return p.Data, p.NextCursor, err
	})
}

// CallbackEndpoints are all endpoints of the key's mode.
func (c *Client) CallbackEndpoints(ctx context.Context, query ListCallbackEndpointsParams, options ...Option) iter.Seq2[CallbackEndpoint, error] {
	return each(query.Cursor, func(cursor *string) ([]CallbackEndpoint, *string, error) {
		query.Cursor = cursor
		p, err := c.ListCallbackEndpoints(ctx, query, options...)
		return p.Data, p.NextCursor, err
	})
}

// APIKeys are all keys.
func (c *Client) APIKeys(ctx context.Context, query ListAPIKeysParams, options ...Option) iter.Seq2[APIKey, error] {
	return each(query.Cursor, func(cursor *string) ([]APIKey, *string, error) {
		query.Cursor = cursor
		p, err := c.ListAPIKeys(ctx, query, options...)
		return p.Data, p.NextCursor, err
	})
}

// each goes over pages, from a cursor on, until the last one or until the caller has enough. A page may be empty and
// have another one after it.
func each[T any](first *string, page func(cursor *string) (data []T, next *string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := first; ; {
			data, next, err := page(cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, v := range data {
				if !yield(v, nil) {
					return
				}
			}
			if next == nil || *next == "" {
				return
			}
			cursor = next
		}
	}
}
