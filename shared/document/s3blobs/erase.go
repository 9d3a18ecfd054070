package s3blobs

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// EraseTenant deletes up to a page of what a tenant has in the bucket, labels, rows of batches and files made for
// downloading, every version of it. more tells that it is to be called again.
func (b *Bucket) EraseTenant(ctx context.Context, tenant string) (erased int, more bool, err error) {
	for _, prefix := range []string{tenant + "/", "files/" + tenant + "/"} {
		page, err := b.page(ctx, prefix)
		if err != nil {
			return 0, false, err
		}
		if len(page) == 0 {
			continue
		}
		out, err := b.Client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b.Name, Delete: &types.Delete{Objects: page, Quiet: aws.Bool(true)}})
		if err != nil {
			return 0, false, fmt.Errorf("erasing objects under %s: %w", prefix, err)
		}
		if len(out.Errors) > 0 {
			e := out.Errors[0]
			return 0, false, fmt.Errorf("erasing %s: %s %s", aws.ToString(e.Key), aws.ToString(e.Code), aws.ToString(e.Message))
		}
		return len(page), true, nil
	}
	return 0, false, nil
}

// page lists versions and delete markers. What a store that knows no versions shows are its objects.
func (b *Bucket) page(ctx context.Context, prefix string) (out []types.ObjectIdentifier, err error) {
	versions, err := b.Client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b.Name, Prefix: &prefix})
	if err != nil {
		return nil, fmt.Errorf("listing versions under %s: %w", prefix, err)
	}
	for _, v := range versions.Versions {
		out = append(out, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
	}
	for _, m := range versions.DeleteMarkers {
		out = append(out, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
	}
	if len(out) > 0 {
		return out, nil
	}
	objects, err := b.Client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.Name, Prefix: &prefix})
	if err != nil {
		return nil, fmt.Errorf("listing objects under %s: %w", prefix, err)
	}
	for _, o := range objects.Contents {
		out = append(out, types.ObjectIdentifier{Key: o.Key})
	}
	return out, nil
}
