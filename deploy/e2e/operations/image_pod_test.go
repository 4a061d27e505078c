package operations

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"

	"koppi.internal/deploy/kubernetes"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/identity"
)

// pod is a container of a pod as a process of this machine.
type pod struct {
	*site
	name, root string
	account    uint32
	command    *exec.Cmd
	log        bytes.Buffer
	logged     chan struct{}
}

// pod prepares a container of Kubernetes's: the image, and what is mounted.
func (s *site) pod(name string, spec corev1.PodSpec, c corev1.Container) *pod {
	s.t.Helper()
	environment, err := s.Environment(c, func(name, key string) string { return string(s.secrets[name][key]) })
	if err != nil {
		s.t.Fatal(err)
	}
	p := s.container(name, uint32(*spec.SecurityContext.RunAsUser), kubernetes.Command(c), environment)
	for _, mount := range c.VolumeMounts {
		for _, volume := range spec.Volumes {
			if volume.Name == mount.Name {
				for file, content := range s.volume(volume) {
					p.write(filepath.Join(mount.MountPath, file), content, p.mode(volume))
				}
			}
		}
	}
	return p
}

// container prepares a root and a process over it.
func (s *site) container(name string, account uint32, command []string, environment map[string]string) *pod {
	s.t.Helper()
	p := &pod{site: s, name: name, root: s.t.TempDir(), account: account}
	check := func(err error) {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	check(os.Chmod(p.root, 0o755))
	check(filepath.WalkDir(s.image, func(path string, entry fs.DirEntry, err error) error {
		to := filepath.Join(p.root, strings.TrimPrefix(path, s.image))
		switch {
		case err != nil || path == s.image:
			return err
		case entry.IsDir():
			return os.Mkdir(to, 0o755)
		}
		return os.Link(path, to)
	}))
	p.write("/etc/hosts", []byte(s.hosts), 0o644)
	// What it may write.
	for _, folder := range []string{"/papers", "/etc/koppi", "/var/lib/koppi"} {
		check(os.MkdirAll(filepath.Join(p.root, folder), 0o755))
	}
	for _, folder := range []string{"/papers", "/var/lib/koppi"} {
		if s.confined {
			check(os.Chown(filepath.Join(p.root, folder), int(account), int(account)))
		}
	}
	if s.confined {
		p.command = exec.Command(command[0], command[1:]...)
		p.command.SysProcAttr = &syscall.SysProcAttr{Chroot: p.root, Credential: &syscall.Credential{Uid: account, Gid: account}}
	} else {
		p.command = exec.Command(filepath.Join(p.root, command[0]), command[1:]...)
	}
	p.command.Dir, p.command.Env = "/", []string{}
	for name, value := range environment {
		p.command.Env = append(p.command.Env, name+"="+p.here(value))
	}
	return p
}

// here is a setting as it must be on this machine, where all pods listen beside each other,
// and there are no buckets and no KMS.
func (p *pod) here(value string) string {
	scheme, rest, _ := strings.Cut(value, "://")
	switch {
	case strings.HasPrefix(value, "0.0.0.0:"):
		return p.addressOf(p.name) + strings.TrimPrefix(value, "0.0.0.0")
	case scheme == "awskms":
		return ""
	case scheme == "s3":
		bucket, _, _ := strings.Cut(rest, "?")
		return "file://" + p.path("/papers/"+bucket)
	case p.confined:
		return value
	case strings.HasPrefix(value, "/"):
		return p.path(value)
	}
	value = strings.ReplaceAll(value, "/etc/koppi", p.path("/etc/koppi"))
	value = strings.ReplaceAll(value, "file:///", "file://"+p.path("/"))
	for _, name := range p.names {
		value = strings.ReplaceAll(value, name+":", p.addressOf(name)+":")
	}
	return value
}

// path of a file in its root, as it sees it.
func (p *pod) path(path string) string {
	if p.confined {
		return path
	}
	return p.root + path
}

func (p *pod) write(path string, content []byte, mode os.FileMode) {
	p.t.Helper()
	path = filepath.Join(p.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		p.t.Fatal(err)
	}
	if p.confined && os.Lchown(path, 0, int(p.account)) != nil {
		p.t.Fatal("the group is not given")
	}
}

// mode of a volume's files.
func (p *pod) mode(volume corev1.Volume) os.FileMode {
	switch {
	case !p.confined && volume.ConfigMap == nil:
		return 0o600
	case volume.Secret != nil:
		return os.FileMode(*volume.Secret.DefaultMode)
	case volume.Projected != nil:
		return os.FileMode(*volume.Projected.DefaultMode)
	}
	return 0o644
}

// volume is what a volume holds, by file.
func (s *site) volume(volume corev1.Volume) map[string][]byte {
	files := map[string][]byte{}
	add := func(secret string, items []corev1.KeyToPath) {
		content := s.secrets[secret]
		if len(content) == 0 {
			s.t.Fatalf("no Secret %s", secret)
		}
		for name, text := range content {
			if len(items) == 0 {
				files[name] = text
			}
		}
		for _, item := range items {
			files[item.Path] = content[item.Key]
		}
	}
	switch {
	case volume.Secret != nil:
		add(volume.Secret.SecretName, volume.Secret.Items)
	case volume.Projected != nil:
		for _, source := range volume.Projected.Sources {
			add(source.Secret.Name, source.Secret.Items)
		}
	default:
		for _, one := range s.ConfigMaps {
			if one.Name == volume.ConfigMap.Name {
				for name, text := range one.Data {
					files[name] = []byte(text)
				}
			}
		}
	}
	return files
}

// suite makes the suite's secrets as an operator does, by the image.
func (s *site) suite() {
	s.t.Helper()
	folder := filepath.Join(s.t.TempDir(), "secrets")
	if out, err := exec.Command(filepath.Join(s.image, "bin/koppi"), "secrets", "--out", folder).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	s.secrets["suite"], s.secrets["suite-issuer"] = map[string][]byte{}, map[string][]byte{}
	for _, entry := range testkit.Must(os.ReadDir(folder)) {
		into := s.secrets["suite"]
		if entry.Name() == identity.SuiteIssuerFile {
			into = s.secrets["suite-issuer"]
		}
		into[entry.Name()] = testkit.Must(os.ReadFile(filepath.Join(folder, entry.Name())))
	}
}

// run runs it to its end.
func (p *pod) run() {
	p.t.Helper()
	if out, err := p.command.CombinedOutput(); err != nil {
		p.t.Fatalf("%s %v: %v: %s", p.name, p.command.Args, err, out)
	}
}

// start returns once it serves.
func (p *pod) start() {
	p.t.Helper()
	lines := bufio.NewReader(testkit.Must(p.command.StderrPipe()))
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if p.command.ProcessState == nil {
			_ = p.command.Process.Kill()
			<-p.logged
			_ = p.command.Wait()
		}
		if p.t.Failed() {
			p.t.Logf("%s: %s", p.name, clustertest.Tail(p.log.Bytes()))
		}
	})
	p.logged = make(chan struct{})
	for {
		line, err := lines.ReadBytes('\n')
		p.log.Write(line)
		leaktest.Note(leaktest.Log, string(line))
		if err != nil {
			close(p.logged)
			p.t.Fatalf("%s does not start", p.name)
		}
		var up struct{ Msg string }
		if json.Unmarshal(line, &up) == nil && up.Msg == "koppi is up" {
			break
		}
	}
	go func() {
		defer close(p.logged)
		_, _ = io.Copy(io.MultiWriter(&p.log, leaktest.LogWriter()), lines)
	}()
}

// end asks it to end, which it must do in order.
func (p *pod) end(signal syscall.Signal) {
	p.t.Helper()
	_ = p.command.Process.Signal(signal)
	<-p.logged
	if err := p.command.Wait(); err != nil {
		p.t.Errorf("%s ended by %v", p.name, err)
	}
}

// user that it runs as.
func (p *pod) user() string {
	for line := range strings.Lines(string(testkit.Must(os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))))) {
		if fields := strings.Fields(line); fields[0] == "Uid:" {
			return fields[1]
		}
	}
	return ""
}
