// Package s3blobs keeps documents too large for an item in a bucket, under their tenant's prefix.
package s3blobs

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Bucket is a bucket of documents.
type Bucket struct {
	Client *s3.Client
	Name   string
}

// Put stores data under a key.
func (b *Bucket) Put(ctx context.Context, _ string, key string, data []byte) error {
	_, err := b.Client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.Name, Key: &key, Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data)))})
	if err != nil {
		return fmt.Errorf("storing %s: %w", key, err)
	}
	return nil
}

// Get reads what is stored under a key.
func (b *Bucket) Get(ctx context.Context, _ string, key string) ([]byte, error) {
	out, err := b.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.Name, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}
