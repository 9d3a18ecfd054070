package s3blobs

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// longestURL is how long S3 honours a signature at most (Signature Version 4, X-Amz-Expires).
const longestURL = 7 * 24 * time.Hour

// PutFile stores data to be downloaded as they are, by a URL. What Put stores is for Get alone: its callers compress it.
func (b *Bucket) PutFile(ctx context.Context, _ string, key string, data []byte, mediaType string) error {
	_, err := b.Client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.Name, Key: &key, Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data))), ContentType: &mediaType,
	})
	if err != nil {
		return fmt.Errorf("storing the file %s: %w", key, err)
	}
	return nil
}

// URL is where anyone who has it can download what PutFile stored, for the time ttl (one second to seven days) and no
// longer than the credentials live that signed it, which a function's do for hours. It is made without a call, whether
// the file is there or not. The answer to it says mediaType and that it is to be saved as fileName, which may hold
// anything. Treat it as a secret: it is not bound to the tenant.
func (b *Bucket) URL(ctx context.Context, _ string, key string, ttl time.Duration, mediaType, fileName string) (string, error) {
	if ttl < time.Second || ttl > longestURL {
		return "", fmt.Errorf("a URL of %s cannot live for %s: give it from a second to seven days", key, ttl)
	}
	saved := mime.FormatMediaType("attachment", map[string]string{"filename": fileName})
	req, err := s3.NewPresignClient(b.Client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.Name, Key: &key, ResponseContentType: &mediaType, ResponseContentDisposition: &saved,
	}, s3.WithPresignExpires(ttl))
	if err != nil {
		return "", fmt.Errorf("signing a URL of %s: %w", key, err)
	}
	return req.URL, nil
}
