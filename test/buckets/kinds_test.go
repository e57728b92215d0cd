package buckets_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"google.golang.org/api/option"

	_ "github.com/singoff/singoff/service/catalog/bucket/cloud" // s3:// and gs://
)

// place is a bucket of a test, with a way to fill it that is not the service's.
type place struct {
	name   string
	front  *front // nil: it has none
	at     func(folder string) string
	put    func(key, mediaType string, content []byte) error
	remove func(key string) error
}

// kinds make an empty place of each kind of bucket.
var kinds = map[string]func(*testing.T) place{"file": filePlace, "s3": s3Place, "gs": gsPlace}

// remote kinds are those of a store elsewhere.
var remote = map[string]func(*testing.T) place{"s3": s3Place, "gs": gsPlace}

var places atomic.Int64

func newName() string { return fmt.Sprintf("songs-%d", places.Add(1)) }

func filePlace(t *testing.T) place {
	dir := t.TempDir()
	path := func(key string) string { return filepath.Join(dir, filepath.FromSlash(key)) }
	return place{
		name: dir,
		at:   func(folder string) string { return (&url.URL{Scheme: "file", Path: path(folder)}).String() },
		put: func(key, _ string, content []byte) error {
			if err := os.MkdirAll(filepath.Dir(path(key)), 0o755); err != nil {
				return err
			}
			return os.WriteFile(path(key), content, 0o644)
		},
		remove: func(key string) error { return os.Remove(path(key)) },
	}
}

func s3Place(t *testing.T) place {
	name := newName()
	client := s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + s3Front.host()), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	})
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	return place{
		name: name, front: s3Front,
		at: func(folder string) string {
			return fmt.Sprintf("s3://%s/%s?region=us-east-1&endpoint=http://%s&use_path_style=true", name, folder, s3Front.host())
		},
		put: func(key, mediaType string, content []byte) error {
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader(content), ContentType: &mediaType})
			return err
		},
		remove: func(key string) error {
			_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &name, Key: &key})
			return err
		},
	}
}

func gsPlace(t *testing.T) place {
	name := newName()
	ctx := context.WithoutCancel(t.Context())
	client, err := storage.NewClient(ctx, option.WithoutAuthentication(), option.WithEndpoint("http://"+gsFront.host()+"/storage/v1/"))
	if err == nil {
		err = client.Bucket(name).Create(ctx, "project", nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return place{
		name: name, front: gsFront,
		at: func(folder string) string {
			return fmt.Sprintf("gs://%s/%s?anonymous=true&access_id=songs@example.test&private_key_path=%s", name, folder, gsKey(t))
		},
		put: func(key, mediaType string, content []byte) error {
			w := client.Bucket(name).Object(key).NewWriter(ctx)
			w.ContentType = mediaType
			if _, err := w.Write(content); err != nil {
				return err
			}
			return w.Close()
		},
		remove: func(key string) error { return client.Bucket(name).Object(key).Delete(ctx) },
	}
}

var gsKeyPEM = sync.OnceValues(func() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), nil
})

// gsKey is a file with the private key of a service account.
func gsKey(t *testing.T) string {
	t.Helper()
	key, err := gsKeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, key, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
