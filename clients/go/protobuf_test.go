package clients

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const protobuf = "application/vnd.kubernetes.protobuf"

// configs gives the same cluster twice: with protobuf as the only form, and with JSON.
func configs(t *testing.T) (binary, json *rest.Config) {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.QPS, cfg.Burst = 1000, 2000
	binary, json = rest.CopyConfig(cfg), rest.CopyConfig(cfg)
	binary.ContentType, binary.AcceptContentTypes = protobuf, protobuf
	json.ContentType, json.AcceptContentTypes = "application/json", "application/json"
	return binary, json
}

// TestProtobufInformers follows objects by informers that take protobuf alone, while a client that sends protobuf alone writes them.
func TestProtobufInformers(t *testing.T) {
	binary, _ := configs(t)
	client := kubernetes.NewForConfigOrDie(binary)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	factory := informers.NewSharedInformerFactory(client, 0)
	configMaps := factory.Core().V1().ConfigMaps()
	seen := make(chan string, 100)
	_, err := configMaps.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { tell(seen, "added", o) },
		UpdateFunc: func(_, o any) { tell(seen, "updated", o) },
		DeleteFunc: func(o any) { tell(seen, "deleted", o) },
	})
	if err != nil {
		t.Fatal(err)
	}
	pods, deployments, nodes := factory.Core().V1().Pods().Lister(), factory.Apps().V1().Deployments().Lister(), factory.Core().V1().Nodes().Lister()
	factory.Start(ctx.Done())
	for informer, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			t.Fatalf("%v is not synced", informer)
		}
	}
	if all, err := nodes.List(labels.Everything()); err != nil || len(all) == 0 {
		t.Fatalf("nodes: %d, %v", len(all), err)
	}
	if _, err := deployments.Deployments("default").Get("web"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a pod of the Deployment runs", func() bool {
		all, err := pods.Pods("default").List(labels.Everything())
		return err == nil && len(all) > 0 && all[0].Status.Phase == corev1.PodRunning && all[0].Status.StartTime != nil
	})

	api := client.CoreV1().ConfigMaps("default")
	one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "followed"}, Data: map[string]string{"a": "é\u0000"}, BinaryData: map[string][]byte{"b": {0, 255}}}
	made, err := api.Create(ctx, one, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	made.Data["a"] = "2"
	if _, err := api.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := api.Delete(ctx, "followed", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"added followed é\u0000 [0 255]", "updated followed 2 [0 255]", "deleted followed 2 [0 255]"} {
		for got := ""; got != want; {
			select {
			case got = <-seen:
				if strings.Contains(got, "followed") && got != want {
					t.Fatalf("%q, not %q", got, want)
				}
			case <-ctx.Done():
				t.Fatal("no " + want)
			}
		}
	}
}

func tell(seen chan<- string, what string, o any) {
	if one, ok := o.(*corev1.ConfigMap); ok && one.Name == "followed" {
		seen <- fmt.Sprintf("%s %s %s %v", what, one.Name, one.Data["a"], one.BinaryData["b"])
	}
}

// TestProtobufEqualsJSON reads whatever the cluster serves in both forms.
func TestProtobufEqualsJSON(t *testing.T) {
	binary, json := configs(t)
	_, lists, err := kubernetes.NewForConfigOrDie(json).Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	compared, objects := 0, 0
	for _, list := range lists {
		version, _ := schema.ParseGroupVersion(list.GroupVersion)
		if !scheme.Scheme.IsVersionRegistered(version) {
			continue
		}
		asBinary, asJSON := restClient(t, binary, version), restClient(t, json, version)
		for _, resource := range list.APIResources {
			if strings.Contains(resource.Name, "/") || !strings.Contains(resource.Verbs.String(), "list") || resource.Name == "componentstatuses" {
				continue
			}
			got, err := read(asBinary, resource.Name)
			if err != nil {
				t.Errorf("%s %s: %v", list.GroupVersion, resource.Name, err)
				continue
			}
			want, err := read(asJSON, resource.Name)
			if err != nil {
				t.Fatal(err)
			}
			compared++
			gotItems, wantItems := byName(t, got), byName(t, want)
			for name, item := range gotItems {
				other, there := wantItems[name]
				// Between the two reads something may have been written.
				if !there || versionOf(item) != versionOf(other) {
					continue
				}
				objects++
				withoutEmbeddedKinds(item)
				withoutEmbeddedKinds(other)
				if !equality.Semantic.DeepEqual(item, other) {
					t.Errorf("%s %s %s:\n%#v\n%#v", list.GroupVersion, resource.Name, name, item, other)
				}
			}
		}
	}
	t.Logf("%d resources, %d objects", compared, objects)
	if compared < 50 || objects < 100 {
		t.Fatalf("%d resources and %d objects were compared", compared, objects)
	}
}

// withoutEmbeddedKinds forgets what protobuf has no place for: the kind of an object within another.
func withoutEmbeddedKinds(o runtime.Object) {
	if set, ok := o.(*appsv1.StatefulSet); ok {
		for i := range set.Spec.VolumeClaimTemplates {
			set.Spec.VolumeClaimTemplates[i].TypeMeta = metav1.TypeMeta{}
		}
	}
}

func restClient(t *testing.T, cfg *rest.Config, version schema.GroupVersion) rest.Interface {
	t.Helper()
	own := rest.CopyConfig(cfg)
	own.GroupVersion, own.APIPath, own.NegotiatedSerializer = &version, "/apis", scheme.Codecs.WithoutConversion()
	if version.Group == "" {
		own.APIPath = "/api"
	}
	client, err := rest.RESTClientFor(own)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func read(client rest.Interface, resource string) (runtime.Object, error) {
	return client.Get().Resource(resource).Do(context.Background()).Get()
}

func byName(t *testing.T, list runtime.Object) map[string]runtime.Object {
	t.Helper()
	items, err := meta.ExtractList(list)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]runtime.Object{}
	for _, item := range items {
		one, err := meta.Accessor(item)
		if err != nil {
			t.Fatal(err)
		}
		found[one.GetNamespace()+"/"+one.GetName()] = item
	}
	return found
}

func versionOf(o runtime.Object) string {
	one, _ := meta.Accessor(o)
	return one.GetResourceVersion()
}
