// The fields with uploads in progress; a form waits for them before it is sent.
const under = new Set<string>();

export const isUploading = (id: string) => under.has(id);
export const uploads = (id: string) => void under.add(id);
export const uploaded = (id: string) => void under.delete(id);
