/** The reader of Dockerfiles, by names of its own: imported as a whole, as it is where it is loaded late, the package has none. */
export { DockerfileParser, From, ModifiableInstruction } from 'dockerfile-ast';
