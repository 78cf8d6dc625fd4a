/** The WebGL 2 renderer: stored values in one texture, the grey-scale table in another. */
import type { Frame } from '../dicom/pixels.ts';
import { isMagnified, makeCanvas, resize, sampleCounts, type DrawRequest, type Renderer } from './renderer.ts';
import { fragmentShader, shaderKey, VERTEX_SHADER, type ShaderPlan } from './shader.ts';

function compile(gl: WebGL2RenderingContext, type: number, source: string): WebGLShader {
  const shader = gl.createShader(type);
  if (shader === null) throw new Error('WebGL 2 gave no shader');
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  return shader;
}

function link(gl: WebGL2RenderingContext, plan: ShaderPlan): WebGLProgram {
  const program = gl.createProgram();
  gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, VERTEX_SHADER));
  gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, fragmentShader(plan)));
  gl.linkProgram(program);
  return program;
}

function makeTexture(gl: WebGL2RenderingContext): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
  return texture;
}

function planOf(kind: Frame['kind'], request: DrawRequest): ShaderPlan {
  const counts = sampleCounts(request.toImage, request.mostSamples);
  return { kind, ...counts, smooth: request.smooth && isMagnified(request.toImage) };
}

/** A browser without a graphics card draws WebGL on the processor and says so in the renderer's name. */
function drawsInSoftware(gl: WebGL2RenderingContext): boolean {
  const extension = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(extension?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

export class WebGlRenderer implements Renderer {
  readonly kind = 'webgl2';
  readonly canvas = makeCanvas();
  readonly isSlow: boolean;
  private readonly gl: WebGL2RenderingContext;
  private programs = new Map<string, WebGLProgram>();
  private readonly usable = new WeakSet<WebGLProgram>();
  private pixels: WebGLTexture | null = null;
  private greys: WebGLTexture | null = null;
  private frame: Frame | null = null;
  private table: Uint8Array<ArrayBuffer> | null = null;

  /** `onRestored` is called when a lost context came back and the image must be drawn again. */
  constructor(onRestored: () => void) {
    const gl = this.canvas.getContext('webgl2', { alpha: true, antialias: false, depth: false, powerPreference: 'high-performance' });
    if (gl === null) throw new Error('WebGL 2 is missing');
    this.gl = gl;
    this.isSlow = drawsInSoftware(gl);
    this.canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    this.canvas.addEventListener('webglcontextrestored', () => {
      this.makeResources();
      onRestored();
    });
    this.makeResources();
  }

  get largestSide(): number {
    return Number(this.gl.getParameter(this.gl.MAX_TEXTURE_SIZE));
  }

  prepare(kind: Frame['kind'], request: DrawRequest): void {
    if (!this.gl.isContextLost()) this.program(planOf(kind, request));
  }

  setFrame(frame: Frame | null): void {
    this.frame = frame;
    if (frame === null || this.gl.isContextLost()) return;
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.pixels);
    if (frame.kind === 'grey') {
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 2);
      const { columns, rows, values } = frame;
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16UI, columns, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT, values);
    } else {
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
      const bytes = new Uint8Array(frame.rgba.buffer, frame.rgba.byteOffset, frame.rgba.length);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, frame.columns, frame.rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    }
  }

  setTable(table: Uint8Array<ArrayBuffer>): void {
    this.table = table;
    const { gl } = this;
    if (gl.isContextLost()) return;
    gl.bindTexture(gl.TEXTURE_2D, this.greys);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, 256, 256, 0, gl.RED, gl.UNSIGNED_BYTE, table);
  }

  draw(request: DrawRequest): void {
    const { gl, frame } = this;
    resize(this.canvas, request.size);
    gl.viewport(0, 0, request.size.width, request.size.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (frame === null || this.table === null || gl.isContextLost()) return;
    const program = this.linked(planOf(frame.kind, request));
    gl.useProgram(program);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.greys);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.pixels);
    this.setUniforms(program, frame, request);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  capture(request: DrawRequest): Uint8ClampedArray<ArrayBuffer> {
    this.draw(request);
    const { width, height } = request.size;
    const upwards = new Uint8Array(width * height * 4);
    this.gl.readPixels(0, 0, width, height, this.gl.RGBA, this.gl.UNSIGNED_BYTE, upwards);
    const pixels = new Uint8ClampedArray(upwards.length);
    for (let row = 0; row < height; row++) {
      pixels.set(upwards.subarray((height - 1 - row) * width * 4, (height - row) * width * 4), row * width * 4);
    }
    return pixels;
  }

  dispose(): void {
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
    this.canvas.remove();
  }

  private makeResources(): void {
    this.programs = new Map();
    this.pixels = makeTexture(this.gl);
    this.greys = makeTexture(this.gl);
    this.setFrame(this.frame);
    if (this.table !== null) this.setTable(this.table);
  }

  private program(plan: ShaderPlan): WebGLProgram {
    const key = shaderKey(plan);
    const known = this.programs.get(key);
    if (known !== undefined) return known;
    const made = link(this.gl, plan);
    this.programs.set(key, made);
    return made;
  }

  /** Asking whether a program was linked waits for it, so only what draws asks, and once. */
  private linked(plan: ShaderPlan): WebGLProgram {
    const { gl } = this;
    const program = this.program(plan);
    if (this.usable.has(program)) return program;
    if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true && !gl.isContextLost()) {
      throw new Error('WebGL 2 refused the shader');
    }
    this.usable.add(program);
    return program;
  }

  private setUniforms(program: WebGLProgram, frame: Frame, request: DrawRequest): void {
    const { gl } = this;
    const at = (name: string): WebGLUniformLocation | null => gl.getUniformLocation(program, name);
    const { xx, xy, yx, yy, tx, ty } = request.toImage;
    gl.uniform1i(at('pixels'), 0);
    gl.uniform1i(at('table'), 1);
    gl.uniform4f(at('toImage'), xx, xy, yx, yy);
    gl.uniform2f(at('offset'), tx, ty);
    gl.uniform2f(at('extent'), frame.columns, frame.rows);
    gl.uniform1f(at('screenHeight'), request.size.height);
  }
}
